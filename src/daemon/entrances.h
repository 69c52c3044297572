#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/config.h"
#include "io/asio_loop.h"
#include "io/passed_sockets.h"
#include "submission/server.h"

namespace waypost::daemon {

// The listeners of one shard, each with its server. New ones are prepared, which may fail, and then
// put in the place of the old ones, which may not. Thread: the shard's loop, or before it runs.
class Entrances {
 public:
  struct Services {
    io::AsioLoop& loop;
    const io::PassedSockets& passed;
    // For each server, which gets its certificate beside.
    submission::Services submission;
    std::optional<submission::LocalMailboxes> local = {};
  };
  // A listener that could not be opened.
  struct Unopened {
    std::string listener;  // file and line
    Error error;
  };
  // Where listeners are, in the order of the configuration.
  using Addresses = std::vector<Endpoint>;

  explicit Entrances(Services services) : services_(std::move(services)) {}

  // Pairs each listener of `config` with the one that listens at its address already, and opens the
  // others: `is_shared` where other shards listen at the same addresses, and at those `of_first`,
  // the first shard's, where this is another. Gives all addresses.
  tl::expected<Addresses, Unopened> prepare(const config::Config& config, bool is_shared,
                                            const Addresses* of_first);
  void drop_prepared() { prepared_.clear(); }
  // What was prepared is served from now on, and what is not in it ends with its sessions. Says
  // what changed, line by line.
  std::vector<std::string> apply(const config::Config& config,
                                 const std::shared_ptr<tls::ServerContext>& certificate);

  Addresses addresses() const;
  // Lets go of old servers whose sessions have ended.
  void tidy();
  // As submission::Server::stop(), for all.
  io::Task<void> stop(Instant deadline);

 private:
  struct Entrance {
    config::Listener configured;
    std::unique_ptr<submission::Server> server;
    Endpoint at;
  };
  struct Prepared {
    std::optional<size_t> running;         // the entrance that stays
    std::unique_ptr<io::Listener> opened;  // where none does
  };
  submission::Settings settings_of(const config::Config& config,
                                   const config::Listener& listener) const;
  std::optional<size_t> running_at(const config::Listener& listener) const;
  Entrance serve(const config::Config& config, const config::Listener& listener,
                 std::unique_ptr<io::Listener> socket,
                 const std::shared_ptr<tls::ServerContext>& certificate);

  Services services_;
  std::vector<Entrance> entrances_;
  std::vector<Prepared> prepared_;                           // one for each new listener
  std::vector<std::unique_ptr<submission::Server>> closed_;  // no more listeners, some sessions
};

}  // namespace waypost::daemon
