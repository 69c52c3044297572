#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "delivery/connection.h"
#include "delivery/opener.h"
#include "delivery/pool.h"
#include "delivery/ports.h"
#include "delivery/route.h"
#include "delivery/sources.h"
#include "io/task_group.h"

namespace waypost::delivery {

// Some recipients of one message, all in one domain, for one attempt.
struct Order {
  std::shared_ptr<const spool::Envelope> envelope;
  std::vector<uint32_t> recipients;  // indexes into envelope->recipients, at least one
  std::string domain;
  std::string site;
  bool urgent = false;           // before others where it has to wait for a connection
  unsigned connections_max = 1;  // to the site, idle ones included
  unsigned messages_per_connection_max = 1;
  Permission turn;        // asked for right before each MAIL
  Permission connecting;  // asked for before each connection is tried; may be empty
  // Awaited once, with one outcome for each recipient, before the connection is kept for another
  // message.
  std::function<io::Task<void>(std::vector<events::Outcome>)> settle;
};

// Carries mail out: resolve -> connect -> greet -> secure -> log in -> send -> judge. It owns the
// connections and keeps them a while for the next message. Thread: the shard's loop.
class Deliverer {
 public:
  struct Dependencies {
    io::Loop& loop;
    io::Network& network;
    dns::Resolver& resolver;
    tls::ClientContext& opportunistic_tls;
    tls::ClientContext* verifying_tls;  // as in Surroundings
    spool::Spool& spool;
    Secrets* secrets;  // as in Surroundings
    // Hears what is about a site and not about a message, if it is there.
    std::function<void(events::Event)> tell = {};
  };
  Deliverer(Dependencies dependencies, Settings settings);

  // For the connections to come; attempts under way go on as they began.
  void reconfigure(Settings settings);

  // One attempt.
  io::Task<void> attempt(Order order);
  Routes& routes() { return routes_; }
  const Pool& pool() const { return pool_; }
  const Sources& sources() const { return sources_; }
  const Ports& ports() const { return ports_; }

  // Says goodbye on every idle connection. Only when no attempt runs.
  io::Task<void> stop();

 private:
  using Outcomes = std::vector<events::Outcome>;
  using Opened = tl::expected<std::unique_ptr<Connection>, events::Outcome>;
  // An attempt on its way.
  struct Passage {
    AttemptLog& log;
    std::unique_ptr<Connection> used;  // once there is one
    bool source_failed = false;        // another one may do better
  };
  Surroundings surroundings();
  io::Task<Outcomes> send(Order& order, Way way, Passage& passage);
  io::Task<Outcomes> open_and_send(Order& order, Way way, Passage& passage);
  io::Task<Opened> open(Order& order, Way way, Passage& passage);
  void note_port(const Order& order, const Way& way, const Ports::Plan& plan);
  void note_source(const Way& way, const Opener& opener, const events::Outcome& outcome,
                   Passage& passage);
  std::unique_ptr<Connection> take_idle(const std::string& site, const Way& way);
  io::Task<Outcomes> reuse(Order& order, Way way, Passage& passage);
  io::Task<void> settle(Order& order, Outcomes outcomes, const AttemptLog& log);
  io::Task<void> hand_back(const Order& order, std::string key,
                           std::unique_ptr<Connection> connection);

  Dependencies deps_;
  std::shared_ptr<const Settings> settings_;
  Routes routes_;
  Sources sources_;
  Ports ports_;
  Pool pool_;
};

}  // namespace waypost::delivery
