#include "demo/stage.h"

#include <fmt/format.h>

#include "config/data_paths.h"
#include "demo/letters.h"
#include "domains/domain_store.h"
#include "io/desktop.h"
#include "records/keys.h"

namespace waypost::demo {
namespace {

constexpr uint16_t usual_port = 1025;
constexpr uint16_t usual_http_port = 8025;
constexpr unsigned port_tries = 20;
constexpr const char* return_domain = "bounces.shop.test";

// The lines of a zone file for one domain; empty where it is to have none.
std::string zone_lines(const Persona& persona) {
  switch (persona.presence) {
    case Presence::no_such_domain:
      return {};
    case Presence::takes_no_mail:
      return fmt::format("  \"{}. 60 IN MX 0 .\",\n", persona.domain);
    default:
      return fmt::format("  \"{}. 60 IN MX 10 {}.\",\n  \"{}. 60 IN A {}\",\n", persona.domain,
                         persona.mail_host, persona.mail_host, persona.address().text());
  }
}

// What the relay keeps to at a site. The id brings what is known of the real one.
std::string site_table(const Persona& persona) {
  if (persona.known_site.empty()) return {};
  std::string table = fmt::format("\n[[site]]\nid = \"{}\"\nmatch = [\"{}\"]\n", persona.known_site,
                                  persona.domain);
  if (persona.relay_messages_per_second > 0)
    table += fmt::format("messages_per_second = {}\n", persona.relay_messages_per_second);
  return table;
}

}  // namespace

Stage::Stage(io::AsioLoop& loop, io::TemporaryFolder folder, uint64_t seed)
    : loop_(loop),
      folder_(std::move(folder)),
      seed_(seed),
      come_backs_(loop, fmt::format("abuse@{}", return_domain)) {}

Result<std::unique_ptr<Stage>> Stage::build(io::AsioLoop& loop, std::optional<uint16_t> port,
                                            uint64_t seed) {
  TRY(io::TemporaryFolder folder, io::TemporaryFolder::make("waypost-demo"));
  std::unique_ptr<Stage> stage(new Stage(loop, std::move(folder), seed));
  TRY_VOID(stage->make_certificate());
  TRY_VOID(stage->open_providers());
  TRY_VOID(stage->configure(port));
  TRY_VOID(stage->make_key());
  TRY_VOID(stage->make_signing_key());
  TRY(stage->entry_, make_admin(loop, stage->data_dir()));
  return stage;
}

Result<void> Stage::make_certificate() {
  std::vector<std::string> names{"localhost"};
  for (const Persona& persona : personas())
    if (!persona.mail_host.empty()) names.emplace_back(persona.mail_host);
  TRY(certificate_, write_certificate(loop_, *disk_, folder_.path(), names));
  return {};
}

// Mail hosts all listen on one port, since MX records have none; the system picks it at the first.
Result<void> Stage::open_providers() {
  Result<void> opened;
  for (unsigned i = 0; i < port_tries; ++i) {
    std::vector<std::unique_ptr<io::Listener>> listeners;
    provider_port_ = 0;
    opened = {};
    for (const Persona& persona : personas()) {
      if (persona.presence != Presence::server) continue;
      auto listener = loop_.network().listen({persona.address(), provider_port_}, {});
      if (!listener) {
        opened = failure(std::move(listener).error());
        break;
      }
      provider_port_ = (*listener)->local().port;
      listeners.push_back(*std::move(listener));
    }
    if (!opened) continue;
    for (const Persona& persona : personas()) {
      if (persona.presence != Presence::server) continue;
      providers_.push_back(std::make_unique<Provider>(surroundings(), persona));
      providers_.back()->start(std::move(listeners[providers_.size() - 1]));
    }
    return {};
  }
  return opened;
}

Provider::Surroundings Stage::surroundings() {
  return {loop_, certificate_, seed_, [this](ComeBack back) { come_backs_.add(std::move(back)); }};
}

Result<void> Stage::configure(std::optional<uint16_t> port) {
  const uint16_t chosen = port ? *port : free_or_any(loop_, usual_port);
  config_file_ = folder_.path() + "/waypost.toml";
  TRY(config_, write_configuration(*disk_, config_file_, configuration_text(chosen)));
  return {};
}

std::string Stage::configuration_text(uint16_t port) const {
  // Where another demo runs, or one does not matter, the other port is the system's choice as well.
  const uint16_t http_port = port == 0 ? 0 : free_or_any(loop_, usual_http_port);
  std::string records, sites;
  for (const Persona& persona : personas()) {
    records += zone_lines(persona);
    sites += site_table(persona);
  }
  return fmt::format(R"(# The demo's configuration: it exists as long as the demo runs.
hostname = "relay.shop.test"
loops = 1
data_dir = "{0}/data"

[[listener]]
address = "127.0.0.1:{1}"
tls = "starttls"
inbound = true  # for what comes back

[[return_path]]
domain = "{6}"
forward_to = "postmaster@acme-corp.test"

[http]
address = "127.0.0.1:{4}"

[tls]
certificate = "{0}/certificate.pem"
key = "{0}/key.pem"

[limits]
spool_free_octets_min = "16MiB"

[queue]
retry_first = "1s"
retry_max = "4s"
expire_after = "10m"

[delivery]
mx_port = {2}
forbidden_addresses = []  # the pretend providers are on this machine
idle_connection = "2s"

[signing]
unsigned = "accept"  # a provider that minds it says so

[site_default]
connections = 5
{5}
[dns]
records = [
{3}]
)",
                     folder_.path(), port, provider_port_, records, http_port, sites,
                     return_domain);
}

Result<void> Stage::make_key() {
  TRY(auto keys, records::Keys::open(config::DataPaths(data_dir()).keys));
  TRY(std::string secret,
      keys->create(login, "default", "transactional", loop_.clock().wall_now(), loop_.rng()));
  password_ = Secret::take(secret);
  return {};
}

// The small one: it is made in no time, and nobody checks it here.
Result<void> Stage::make_signing_key() {
  const WallTime now = loop_.clock().wall_now();
  domains::DomainStore store(*disk_, config::DataPaths(data_dir()).signing_keys);
  domains::SendingDomain domain;
  domain.domain = shop_domain;
  TRY_VOID(store.make_key(domain, "demo", domains::KeyType::ed25519, now));
  TRY_VOID(domains::start_signing(domain, "demo", now));
  return store.store(domain);
}

Result<void> Stage::open_in_browser(const std::string& address) const {
  constexpr unsigned mode = 0600;
  const std::string file = folder_.path() + "/dashboard.html";
  const std::string leads_on =
      fmt::format("<!doctype html><meta http-equiv=\"refresh\" content=\"0;url={}\">\n", address);
  TRY_VOID(disk_->write_file(file, leads_on, mode));
  return io::open_in_browser("file://" + file);
}

io::Task<void> Stage::stop() {
  co_await come_backs_.stop();
  for (auto& provider : providers_) co_await provider->stop();
}

}  // namespace waypost::demo
