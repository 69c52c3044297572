#include "base/ascii.h"
#include "config/source_addresses.h"
#include "daemon/health_pages.h"
#include "daemon/relay_parts.h"
#include "daemon/settings.h"
#include "dashboard/pages.h"
#include "dashboard/shipped_dashboard.h"

// What the relay answers over HTTP: its health, the API and the dashboard.
namespace waypost::daemon {
namespace {

api::Front front_of(const Config& config) {
  api::Front front{{base::to_lower(config.hostname)}, config.http.behind_tls, config.http.proxies};
  const std::vector<std::string>& others = config.http.hostnames;
  front.names.insert(front.names.end(), others.begin(), others.end());
  return front;
}

}  // namespace

Result<void> Relay::Parts::open_api() {
  TRY(api, api::Api::open(
               {loop,
                home_shard().intake(),
                *queue,
                home_shard().spool(),
                *suppressions,
                home_shard().resolver(),
                replies,
                *keys,
                *keys_worker,
                *disk,
                {paths.records, paths.events},
                metrics_of_relay(),
                [this](const std::string& line) { journal.error(line); },
                [this](const std::string& line) { journal.warning(line); },
                [this](const std::string& line) { journal.info(line); },
                clients,
                [this] { return config().limits.messages_per_login_per_minute; },
                local_mailboxes(return_paths),
                [this](std::optional<std::string> trouble) {
                  health.report("keys", Health::Weight::warns, std::move(trouble));
                },
                front_of(config()),
                config().hostname,
                demo_admin,
                options.demo_word,
                options.capture.has_value(),
                {[this](queue::Pause pause) { return queue_control->pause(std::move(pause)); },
                 [this](queue::Scope scope, std::string by) {
                   return queue_control->resume(std::move(scope), std::move(by));
                 }},
                {[this](queue::AskedLimit limit) { return limit_control->limit(std::move(limit)); },
                 [this](std::string site, std::string by) {
                   return limit_control->lift(std::move(site), std::move(by));
                 }}}));
  return {};
}

api::DomainPages::Services Relay::Parts::domain_services() {
  const std::optional<Endpoint> configured = config().dns.resolver;
  return {loop,
          *disk,
          paths.signing_keys,
          resolver_options(config()),
          [this, configured]() -> Result<Endpoint> {
            const std::vector<Endpoint> servers = name_servers(*disk, configured);
            if (!servers.empty()) return servers.front();
            return failure(ErrorCode::not_found, "/etc/resolv.conf names no server");
          },
          [this] {
            return domains::SendingRelay{config().hostname, config::source_addresses(config())};
          },
          [this] { return reload_signers(); }};
}

Result<void> Relay::Parts::listen_for_http() {
  if (!config().http.address) return {};
  TRY(auto socket, loop.network().listen(*config().http.address, {}));
  web::Router router;
  add_health_pages(router, health);
  TRY_VOID(open_api());
  api->add_to(router);
  doctor_pages = std::make_unique<DoctorPages>(loop, doctor_services(),
                                               [this] { return config().delivery.mx_port; });
  doctor_pages->add_to(router, api->access());
  domain_pages = std::make_unique<api::DomainPages>(domain_services());
  domain_pages->add_to(router, api->access());
  dashboard::add_pages(router, dashboard::shipped_dashboard(), [this](const web::Request& head) {
    return api->access().refuse_host(head);
  });
  http = std::make_unique<web::Server>(loop, std::move(socket), std::move(router));
  http->start();
  journal.info("HTTP on " + http->local().text());
  return {};
}

}  // namespace waypost::daemon
