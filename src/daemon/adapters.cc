#include "daemon/adapters.h"

namespace waypost::daemon {

std::optional<std::string> DeliveryCourier::known_mail_host(const std::string& domain) {
  auto route = deliverer_.routes().known(domain);
  if (!route) return std::nullopt;
  return route->hosts.front().name;
}

io::Task<tl::expected<std::string, events::Outcome>> DeliveryCourier::find_mail_host(
    std::string domain) {
  auto route = co_await deliverer_.routes().find(std::move(domain));
  if (!route) co_return tl::unexpected(std::move(route).error());
  co_return (*route)->hosts.front().name;
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
  if (!key) co_return std::nullopt;
  co_return submission::Login{key->name, key->tenant, key->stream};
}

}  // namespace waypost::daemon
