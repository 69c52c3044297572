#include "daemon/entrances.h"

#include <algorithm>
#include <utility>

#include "daemon/listening_sockets.h"
#include "daemon/settings.h"
#include "io/task_group.h"

namespace waypost::daemon {
namespace {

bool is_same_socket(const config::Listener& a, const config::Listener& b) {
  return a.address == b.address && a.socket_name == b.socket_name;
}

}  // namespace

// Each running one is given once, in the order of the configuration.
submission::Settings Entrances::settings_of(const config::Config& config,
                                            const config::Listener& listener) const {
  submission::Settings settings = submission_settings(config, listener);
  settings.local = services_.local;
  settings.strangers_to_local = services_.local && listener.inbound;
  return settings;
}

std::optional<size_t> Entrances::running_at(const config::Listener& listener) const {
  for (size_t i = 0; i < entrances_.size(); ++i) {
    const bool taken = std::any_of(prepared_.begin(), prepared_.end(),
                                   [i](const Prepared& other) { return other.running == i; });
    if (!taken && is_same_socket(entrances_[i].configured, listener)) return i;
  }
  return std::nullopt;
}

tl::expected<Entrances::Addresses, Entrances::Unopened> Entrances::prepare(
    const config::Config& config, bool is_shared, const Addresses* of_first) {
  drop_prepared();
  Addresses addresses;
  for (const config::Listener& listener : config.listeners) {
    Prepared& prepared = prepared_.emplace_back();
    prepared.running = running_at(listener);
    if (prepared.running) {
      addresses.push_back(entrances_[*prepared.running].at);
      continue;
    }
    config::Listener wanted = listener;
    if (of_first) wanted.address = (*of_first)[addresses.size()];
    auto socket =
        open_socket(services_.loop, services_.passed, wanted, {is_shared, is_shared && !of_first});
    if (!socket) {
      drop_prepared();
      return tl::unexpected(Unopened{listener.origin.text(), std::move(socket).error()});
    }
    addresses.push_back((*socket)->local());
    prepared.opened = *std::move(socket);
  }
  return addresses;
}

Entrances::Entrance Entrances::serve(const config::Config& config, const config::Listener& listener,
                                     std::unique_ptr<io::Listener> socket,
                                     const std::shared_ptr<tls::ServerContext>& certificate) {
  const Endpoint at = socket->local();
  submission::Services services = services_.submission;
  services.certificate = certificate;
  auto server =
      std::make_unique<submission::Server>(settings_of(config, listener), std::move(services));
  server->add_listener(std::move(socket), tls_mode(listener));
  server->start();
  return {listener, std::move(server), at};
}

std::vector<std::string> Entrances::apply(const config::Config& config,
                                          const std::shared_ptr<tls::ServerContext>& certificate) {
  std::vector<std::string> news;
  std::vector<Entrance> before = std::exchange(entrances_, {});
  std::vector<Prepared> prepared = std::exchange(prepared_, {});
  for (size_t i = 0; i < prepared.size(); ++i) {
    const config::Listener& listener = config.listeners[i];
    if (!prepared[i].running) {
      entrances_.push_back(serve(config, listener, std::move(prepared[i].opened), certificate));
      news.push_back("listening on " + entrances_.back().at.text());
      continue;
    }
    Entrance& kept = before[*prepared[i].running];
    kept.server->reconfigure(settings_of(config, listener), tls_mode(listener));
    kept.server->set_certificate(certificate);
    entrances_.push_back({listener, std::move(kept.server), kept.at});
  }
  for (Entrance& entrance : before) {
    if (!entrance.server) continue;
    entrance.server->close_listeners();
    closed_.push_back(std::move(entrance.server));
    news.push_back(entrance.configured.socket_name.empty()
                       ? "no longer listening on " + entrance.at.text()
                       : "mail is no longer taken at " + entrance.at.text() +
                             ", though its socket stays open");
  }
  return news;
}

Entrances::Addresses Entrances::addresses() const {
  Addresses addresses;
  for (const Entrance& entrance : entrances_) addresses.push_back(entrance.at);
  return addresses;
}

void Entrances::tidy() {
  std::erase_if(closed_, [](const auto& server) { return server->finished(); });
}

io::Task<void> Entrances::stop(Instant deadline) {
  io::TaskGroup stops;
  for (Entrance& entrance : entrances_) stops.start(entrance.server->stop(deadline));
  for (auto& server : closed_) stops.start(server->stop(deadline));
  co_await stops.join();
}

}  // namespace waypost::daemon
