#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "delivery/connection.h"
#include "delivery/pool.h"
#include "delivery/route.h"
#include "io/task_group.h"

namespace waypost::delivery {

// Some recipients of one message, all in one domain, for one attempt.
struct Order {
  std::shared_ptr<const spool::Envelope> envelope;
  std::vector<uint32_t> recipients;  // indexes into envelope->recipients, at least one
  std::string domain;
  std::string site;
  unsigned connections_max = 1;  // to the site, idle ones included
  unsigned messages_per_connection_max = 1;
  uint64_t generation = 0;               // of the deliverer's settings; its own
  std::function<io::Task<void>()> turn;  // awaited right before MAIL
  // Awaited once, with one outcome for each recipient, before the connection is kept for another
  // message.
  std::function<io::Task<void>(std::vector<events::Outcome>)> settle;
};

// Carries mail out: resolve -> connect -> greet -> secure -> send -> judge. It owns the
// connections and keeps them a while for the next message. Thread: the shard's loop.
class Deliverer {
 public:
  struct Dependencies {
    io::Loop& loop;
    io::Network& network;
    dns::Resolver& resolver;
    tls::ClientContext& tls;
    spool::Spool& spool;
  };
  Deliverer(Dependencies dependencies, Settings settings);

  // For the connections to come; attempts under way go on as they began.
  void reconfigure(Settings settings);

  // One attempt.
  io::Task<void> attempt(Order order);
  Routes& routes() { return routes_; }

  // Says goodbye on every idle connection. Only when no attempt runs.
  io::Task<void> stop();

 private:
  using Opened = tl::expected<std::unique_ptr<Connection>, events::Outcome>;
  io::Task<void> hand_back(const Order& order, const std::string& first_host,
                           std::unique_ptr<Connection> connection);
  io::Task<bool> reuse(Order& order, const std::string& first_host);
  io::Task<void> settle_all(Order& order, events::Outcome outcome);
  io::Task<Opened> open(const Route& route);
  io::Task<Opened> open_host(const std::string& host, uint16_t port, unsigned& tries_left);
  io::Task<Opened> open_address(const std::string& host, Endpoint to);
  io::Task<Result<std::vector<IpAddress>>> addresses_of(const std::string& host);
  std::vector<MailHost> in_order_of_trial(const Route& route);

  Dependencies deps_;
  Settings settings_;
  uint64_t generation_ = 0;  // counts the settings
  Routes routes_;
  Pool pool_;
};

}  // namespace waypost::delivery
