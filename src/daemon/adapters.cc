#include "daemon/adapters.h"

namespace waypost::daemon {
namespace {

std::optional<submission::Login> login_of(const std::optional<records::Key>& key) {
  // One that is for other things is no login.
  if (!key || !key->scopes.contains(records::Scope::send)) return std::nullopt;
  return submission::Login{key->name, key->tenant, key->stream, key->sender_domains};
}

shaping::MailHost first_host_of(const delivery::Route& route) {
  const std::string& name = route.hosts.front().name;
  if (route.smarthost.empty()) return {name, {}};
  return shaping::next_hop(name, route.port, route.login ? route.login->name : "");
}

}  // namespace

std::optional<shaping::MailHost> DeliveryCourier::known_mail_host(const std::string& domain) {
  auto route = deliverer_.routes().known(domain);
  if (!route) return std::nullopt;
  return first_host_of(*route);
}

io::Task<tl::expected<shaping::MailHost, events::Outcome>> DeliveryCourier::find_mail_host(
    std::string domain) {
  auto route = co_await deliverer_.routes().find(std::move(domain));
  if (!route) co_return tl::unexpected(std::move(route).error());
  co_return first_host_of(**route);
}

bool DeliveryCourier::go_together(const std::string& one, const std::string& other) const {
  if (one == other) return true;
  auto first = deliverer_.routes().known(one);
  auto second = deliverer_.routes().known(other);
  return first && second && !first->smarthost.empty() && first->smarthost == second->smarthost;
}

unsigned DeliveryCourier::idle_connections(const std::string& site) const {
  return deliverer_.pool().idle(site);
}

io::Task<void> DeliveryCourier::attempt(queue::Assignment assignment) {
  delivery::Order order;
  order.envelope = std::move(assignment.envelope);
  order.recipients = std::move(assignment.recipients);
  order.domain = std::move(assignment.domain);
  order.site = std::move(assignment.site);
  order.urgent = assignment.urgent;
  order.connections_max = assignment.connections_max;
  order.messages_per_connection_max = assignment.messages_per_connection_max;
  order.turn = std::move(assignment.turn);
  order.connecting = std::move(assignment.connecting);
  order.settle = std::move(assignment.settle);
  co_await deliverer_.attempt(std::move(order));
}

io::Task<Result<Secret>> FileSecrets::read(std::string path) {
  std::function<Result<Secret>()> work = [&] { return delivery::read_secret_file(disk_, path); };
  co_return co_await io::run_on<Result<Secret>>(worker_, loop_, std::move(work));
}

// The client hears only that logins cannot be checked now: why is the operator's to know.
template <class T>
io::Task<Result<T>> KeyAuthenticator::ask(std::function<Result<T>()> question) {
  Result<T> answer = co_await io::run_on<Result<T>>(worker_, loop_, std::move(question));
  std::optional<std::string> trouble;
  if (!answer)
    trouble = "logins get 454, for the keys cannot be read: " + answer.error().describe();
  told_(std::move(trouble));
  co_return answer;
}

io::Task<Result<std::optional<submission::Login>>> KeyAuthenticator::check(std::string name,
                                                                           Secret secret) {
  using Found = std::optional<records::Key>;
  std::function<Result<Found>()> find = [&] { return keys_.check(name, secret.reveal()); };
  CO_TRY(Found key, co_await ask<Found>(std::move(find)));
  co_return login_of(key);
}

io::Task<Result<submission::ScramLogin>> KeyAuthenticator::look_up(std::string name) {
  using Found = records::ScramKey;
  std::function<Result<Found>()> find = [&] { return keys_.look_up(name); };
  CO_TRY(Found found, co_await ask<Found>(std::move(find)));
  co_return submission::ScramLogin{login_of(found.key), std::move(found.verifier)};
}

}  // namespace waypost::daemon
