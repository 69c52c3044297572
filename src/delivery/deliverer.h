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
  std::function<io::Task<void>()> turn;  // awaited right before MAIL
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
  };
  Deliverer(Dependencies dependencies, Settings settings);

  // For the connections to come; attempts under way go on as they began.
  void reconfigure(Settings settings);

  // One attempt.
  io::Task<void> attempt(Order order);
  Routes& routes() { return routes_; }
  const Pool& pool() const { return pool_; }

  // Says goodbye on every idle connection. Only when no attempt runs.
  io::Task<void> stop();

 private:
  using Outcomes = std::vector<events::Outcome>;
  Surroundings surroundings();
  io::Task<Outcomes> open_and_send(Order& order, std::shared_ptr<const Route> route,
                                   AttemptLog& log, std::unique_ptr<Connection>& used);
  std::unique_ptr<Connection> take_idle(const std::string& site, const Route& route);
  io::Task<Outcomes> reuse(Order& order, std::shared_ptr<const Route> route, AttemptLog& log,
                           std::unique_ptr<Connection>& used);
  io::Task<void> settle(Order& order, Outcomes outcomes, const AttemptLog& log);
  io::Task<void> hand_back(const Order& order, std::string key,
                           std::unique_ptr<Connection> connection);

  Dependencies deps_;
  std::shared_ptr<const Settings> settings_;
  Routes routes_;
  Pool pool_;
};

}  // namespace waypost::delivery
