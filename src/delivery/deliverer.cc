#include "delivery/deliverer.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::delivery {

using events::Outcome;
using events::Phase;
using events::Verdict;

Deliverer::Deliverer(Dependencies dependencies, Settings settings)
    : deps_(dependencies),
      settings_(std::move(settings)),
      routes_(deps_.loop, deps_.resolver, settings_),
      pool_(deps_.loop, settings_.idle_connection) {}

void Deliverer::reconfigure(Settings settings) {
  settings_ = std::move(settings);
  ++generation_;
  pool_.reconfigure(settings_.idle_connection);
  routes_.forget();
}

io::Task<void> Deliverer::attempt(Order order) {
  order.generation = generation_;
  auto route = co_await routes_.find(order.domain);
  if (!route) {
    co_await settle_all(order, std::move(route).error());
    co_return;
  }
  const std::string& first_host = (*route)->hosts.front().name;
  bool done = co_await reuse(order, first_host);
  if (done) co_return;

  co_await pool_.make_room(order.site, order.connections_max);
  pool_.opened(order.site);
  Opened opened = co_await open(**route);
  if (!opened) {
    pool_.closed(order.site);
    co_await settle_all(order, std::move(opened).error());
    co_return;
  }
  auto outcomes = co_await (*opened)->send(*order.envelope, order.recipients, order.turn);
  co_await order.settle(std::move(outcomes));
  co_await hand_back(order, first_host, *std::move(opened));
}

// Over an idle connection, if there is one; false when there was none, or when it had been closed
// meanwhile and nothing was said on it.
io::Task<bool> Deliverer::reuse(Order& order, const std::string& first_host) {
  std::unique_ptr<Connection> connection = pool_.take(order.site, first_host);
  if (!connection) co_return false;
  auto outcomes = co_await connection->send(*order.envelope, order.recipients, order.turn);
  bool stale = connection->went_unanswered();
  if (!stale) co_await order.settle(std::move(outcomes));
  co_await hand_back(order, first_host, std::move(connection));
  co_return !stale;
}

io::Task<void> Deliverer::settle_all(Order& order, Outcome outcome) {
  std::vector<Outcome> outcomes(order.recipients.size(), outcome);
  co_await order.settle(std::move(outcomes));
}

io::Task<void> Deliverer::hand_back(const Order& order, const std::string& first_host,
                                    std::unique_ptr<Connection> connection) {
  // One that was made before a reconfiguration may lead elsewhere, or say another name.
  bool again = order.generation == generation_ && connection->usable() &&
               connection->messages_sent() < order.messages_per_connection_max;
  if (again)
    pool_.keep(order.site, first_host, std::move(connection));
  else
    co_await pool_.discard(order.site, std::move(connection));
}

// Tries the hosts in order until one is ready for mail (RFC 5321 §5.1).
io::Task<Deliverer::Opened> Deliverer::open(const Route& route) {
  unsigned tries_left = settings_.addresses_tried_max;
  Opened opened = tl::unexpected(Outcome{});
  for (const MailHost& host : in_order_of_trial(route)) {
    opened = co_await open_host(host.name, route.port, tries_left);
    if (opened || tries_left == 0) break;
  }
  co_return opened;
}

io::Task<Deliverer::Opened> Deliverer::open_host(const std::string& host, uint16_t port,
                                                 unsigned& tries_left) {
  Outcome failure;
  failure.phase = Phase::resolve;
  failure.peer.host = host;
  failure.concerns_site = true;
  Result<std::vector<IpAddress>> addresses = co_await addresses_of(host);
  if (!addresses) {
    failure.reason = addresses.error().describe();
    co_return tl::unexpected(std::move(failure));
  }
  failure.reason = fmt::format("the mail host {} has no address", host);
  for (const IpAddress& address : *addresses) {
    if (tries_left == 0) break;
    --tries_left;
    Opened opened = co_await open_address(host, {address, port});
    if (opened) co_return opened;
    failure = std::move(opened).error();
  }
  co_return tl::unexpected(std::move(failure));
}

io::Task<Deliverer::Opened> Deliverer::open_address(const std::string& host, Endpoint to) {
  Surroundings surroundings{deps_.loop, deps_.network, deps_.tls, deps_.spool, settings_};
  bool use_tls = settings_.tls != TlsPolicy::never;
  Opened opened = co_await Connection::open(surroundings, host, to, use_tls);
  bool in_the_clear =
      !opened && opened.error().phase == Phase::tls && settings_.tls == TlsPolicy::opportunistic;
  if (!in_the_clear) co_return opened;
  co_return co_await Connection::open(surroundings, host, to, false);
}

io::Task<Result<std::vector<IpAddress>>> Deliverer::addresses_of(const std::string& host) {
  if (auto literal = IpAddress::parse(host)) co_return std::vector<IpAddress>{*literal};
  std::vector<IpAddress> addresses;
  std::optional<Error> failed;
  for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
    Instant deadline = deps_.loop.now() + settings_.dns_timeout;
    Result<dns::AddressAnswer> answer = co_await deps_.resolver.addresses(host, family, deadline);
    if (answer)
      addresses.insert(addresses.end(), answer->addresses.begin(), answer->addresses.end());
    else
      failed = answer.error();
  }
  // One family is enough to go on with.
  if (addresses.empty() && failed)
    co_return failure(std::move(*failed).while_doing("looking up the address of " + host));
  co_return addresses;
}

// RFC 5321 §5.1: hosts of equal preference in random order, so that load spreads over them.
std::vector<MailHost> Deliverer::in_order_of_trial(const Route& route) {
  std::vector<std::pair<uint64_t, MailHost>> drawn;
  for (const MailHost& host : route.hosts) drawn.emplace_back(deps_.loop.rng().next(), host);
  std::sort(drawn.begin(), drawn.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.preference, a.first) < std::tie(b.second.preference, b.first);
  });
  std::vector<MailHost> hosts;
  for (auto& [draw, host] : drawn) hosts.push_back(std::move(host));
  return hosts;
}

io::Task<void> Deliverer::stop() { co_await pool_.stop(); }

}  // namespace waypost::delivery
