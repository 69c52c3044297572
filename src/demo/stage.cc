#include "demo/stage.h"

#include <fmt/format.h>

#include "config/data_paths.h"
#include "config/parse.h"
#include "daemon/relay.h"
#include "records/admins.h"
#include "records/keys.h"
#include "tls/self_signed.h"

namespace waypost::demo {
namespace {

constexpr uint16_t usual_port = 1025;
constexpr uint16_t usual_http_port = 8025;
constexpr unsigned port_tries = 20;
constexpr unsigned owner_only = 0600;

}  // namespace

Result<std::unique_ptr<Stage>> Stage::build(io::AsioLoop& loop, std::optional<uint16_t> port) {
  TRY(io::TemporaryFolder folder, io::TemporaryFolder::make("waypost-demo"));
  std::unique_ptr<Stage> stage(new Stage(loop, std::move(folder)));
  TRY_VOID(stage->make_certificate());
  TRY_VOID(stage->open_providers());
  TRY_VOID(stage->write_configuration(port));
  TRY_VOID(stage->make_key());
  TRY_VOID(stage->make_admin());
  return stage;
}

Result<void> Stage::make_certificate() {
  std::vector<std::string> names{"localhost"};
  for (const Persona& persona : personas()) names.push_back(persona.mail_host);
  TRY(tls::KeyPair pair, tls::make_self_signed(names, std::chrono::days(2), loop_.clock()));
  TRY_VOID(
      disk_->write_file(folder_.path() + "/certificate.pem", pair.certificate_pem, owner_only));
  TRY_VOID(disk_->write_file(folder_.path() + "/key.pem", pair.key_pem, owner_only));
  TRY(certificate_, tls::ServerContext::from_pem(pair.certificate_pem, pair.key_pem));
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
      auto listener = loop_.network().listen({persona.address, provider_port_}, {});
      if (!listener) {
        opened = failure(std::move(listener).error());
        break;
      }
      provider_port_ = (*listener)->local().port;
      listeners.push_back(*std::move(listener));
    }
    if (!opened) continue;
    for (Persona& persona : personas()) {
      providers_.push_back(std::make_unique<Provider>(loop_, std::move(persona), certificate_));
      providers_.back()->start(std::move(listeners[providers_.size() - 1]));
    }
    return {};
  }
  return opened;
}

// Whether a port is free can only be tried; the relay opens it again later.
uint16_t Stage::free_or_any(uint16_t port) const {
  return loop_.network().listen({IpAddress::v4({127, 0, 0, 1}), port}, {}) ? port : 0;
}

Result<void> Stage::write_configuration(std::optional<uint16_t> port) {
  const uint16_t chosen = port ? *port : free_or_any(usual_port);
  config_file_ = folder_.path() + "/waypost.toml";
  config::Source source{config_file_, configuration_text(chosen)};
  TRY_VOID(disk_->write_file(config_file_, source.text, owner_only));
  config::Parsed parsed = config::parse({&source, 1});
  if (!parsed.config)
    return failure(ErrorCode::invalid_input,
                   "the demo's own configuration is wrong: " + parsed.diagnostics.front().message);
  config_ = *std::move(parsed.config);
  return {};
}

std::string Stage::configuration_text(uint16_t port) const {
  const uint16_t http_port = free_or_any(usual_http_port);
  std::string records;
  for (const auto& provider : providers_) {
    const Persona& persona = provider->persona();
    records += fmt::format("  \"{}. 60 IN MX 10 {}.\",\n  \"{}. 60 IN A {}\",\n", persona.domain,
                           persona.mail_host, persona.mail_host, persona.address.text());
  }
  return fmt::format(R"(# The demo's configuration: it exists as long as the demo runs.
hostname = "relay.shop.test"
loops = 1
data_dir = "{0}/data"

[[listener]]
address = "127.0.0.1:{1}"
tls = "starttls"

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
idle_connection = "2s"

[site_default]
connections = 5

[[site]]
id = "gmail"
match = ["gmail.test"]
messages_per_second = 30

[dns]
records = [
{3}]
)",
                     folder_.path(), port, provider_port_, records, http_port);
}

Result<void> Stage::make_key() {
  TRY(auto keys, records::Keys::open(config::DataPaths(data_dir()).keys));
  TRY(std::string secret,
      keys->create(login, "default", "transactional", loop_.clock().wall_now(), loop_.rng()));
  password_ = Secret::take(secret);
  return {};
}

Result<void> Stage::make_admin() {
  const auto word = [this] {
    return fmt::format("{:016x}{:016x}", loop_.rng().next(), loop_.rng().next());
  };
  admin_password_ = word();
  entry_word_ = word();
  TRY(auto admins,
      records::Admins::open(config::DataPaths(data_dir()).records + "/" + records::admins_file));
  return admins->set_password(daemon::demo_admin, Secret(admin_password_), loop_.clock().wall_now(),
                              loop_.rng());
}

io::Task<void> Stage::stop() {
  for (auto& provider : providers_) co_await provider->stop();
}

}  // namespace waypost::demo
