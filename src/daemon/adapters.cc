#include "daemon/adapters.h"

#include <fmt/format.h>

namespace waypost::daemon {
namespace {

std::optional<submission::Login> login_of(const std::optional<records::Key>& key) {
  if (!key) return std::nullopt;
  return submission::Login{key->name, key->tenant, key->stream, key->sender_domains};
}

shaping::MailHost first_host_of(const delivery::Route& route) {
  shaping::MailHost host{route.hosts.front().name, {}};
  if (route.smarthost.empty()) return host;
  host.service = fmt::format(":{}", route.port);
  if (route.login) host.service += "/" + route.login->name;
  return host;
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

io::Task<void> DeliveryCourier::attempt(queue::Assignment assignment) {
  delivery::Order order;
  order.envelope = std::move(assignment.envelope);
  order.recipients = std::move(assignment.recipients);
  order.domain = std::move(assignment.domain);
  order.site = std::move(assignment.site);
  order.connections_max = assignment.connections_max;
  order.messages_per_connection_max = assignment.messages_per_connection_max;
  order.turn = std::move(assignment.turn);
  order.settle = std::move(assignment.settle);
  co_await deliverer_.attempt(std::move(order));
}

io::Task<Result<Secret>> FileSecrets::read(std::string path) {
  std::function<Result<Secret>()> work = [&] { return delivery::read_secret_file(disk_, path); };
  co_return co_await io::run_on<Result<Secret>>(worker_, loop_, std::move(work));
}

io::Task<Result<std::optional<submission::Login>>> KeyAuthenticator::check(std::string name,
                                                                           Secret secret) {
  using Checked = Result<std::optional<records::Key>>;
  std::function<Checked()> look_up = [&] { return keys_.check(name, secret.reveal()); };
  CO_TRY(std::optional<records::Key> key,
         co_await io::run_on<Checked>(worker_, loop_, std::move(look_up)));
  co_return login_of(key);
}

io::Task<Result<submission::ScramLogin>> KeyAuthenticator::look_up(std::string name) {
  using Found = Result<records::ScramKey>;
  std::function<Found()> find = [&] { return keys_.look_up(name); };
  CO_TRY(records::ScramKey found, co_await io::run_on<Found>(worker_, loop_, std::move(find)));
  co_return submission::ScramLogin{login_of(found.key), std::move(found.verifier)};
}

}  // namespace waypost::daemon
