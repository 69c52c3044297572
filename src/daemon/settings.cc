#include "daemon/settings.h"

#include <algorithm>

#include "config/data_paths.h"
#include "config/delivery_route.h"
#include "delivery/route.h"
#include "io/loop_thread.h"
#include "io/open_files.h"
#include "shaping/known_sites.h"

namespace waypost::daemon {
namespace {

template <class T>
shaping::Sourced<T> sourced(const config::Sourced<T>& limit) {
  return {limit.value, limit.origin.text()};
}

shaping::SiteLimits site_limits(const config::SiteLimits& limits) {
  shaping::SiteLimits made;
  made.connections = sourced(limits.connections);
  made.connections_per_minute = sourced(limits.connections_per_minute);
  made.messages_per_second = sourced(limits.messages_per_second);
  made.messages_per_hour = sourced(limits.messages_per_hour);
  made.messages_per_day = sourced(limits.messages_per_day);
  made.messages_per_connection = sourced(limits.messages_per_connection);
  made.recipients_per_message = sourced(limits.recipients_per_message);
  return made;
}

// Of a rule: what it leaves out sets nothing.
shaping::SiteLimits rule_limits(const config::SiteLimits& limits) {
  const std::string left_out = config::Origin().text();
  shaping::SiteLimits made = site_limits(limits);
  shaping::each_limit([&](std::string_view, auto limit) {
    if ((made.*limit).origin == left_out) (made.*limit).origin.clear();
  });
  return made;
}

intake::UnsignedMail unsigned_mail(config::UnsignedMail mail) {
  switch (mail) {
    case config::UnsignedMail::accept:
      return intake::UnsignedMail::accept;
    case config::UnsignedMail::hold:
      return intake::UnsignedMail::hold;
    case config::UnsignedMail::refuse:
      return intake::UnsignedMail::refuse;
    case config::UnsignedMail::warn:
      break;
  }
  return intake::UnsignedMail::warn;
}

delivery::TlsPolicy tls_policy(config::DeliveryTls tls) {
  switch (tls) {
    case config::DeliveryTls::required:
      return delivery::TlsPolicy::required;
    case config::DeliveryTls::never:
      return delivery::TlsPolicy::never;
    case config::DeliveryTls::opportunistic:
      break;
  }
  return delivery::TlsPolicy::opportunistic;
}

std::vector<submission::Inbound> inbound(const config::Config& config) {
  std::vector<submission::Inbound> all;
  for (const config::Inbound& one : config.inbound) all.push_back({one.domains, one.recipients});
  return all;
}

std::optional<delivery::Login> login_at(const config::HopLogin& login) {
  if (login.login.empty()) return std::nullopt;
  return delivery::Login{login.login, login.secret_file, login.mechanism};
}

delivery::TlsMode hop_tls_mode(config::HopTlsMode mode) {
  return mode == config::HopTlsMode::implicit ? delivery::TlsMode::implicit
                                              : delivery::TlsMode::starttls;
}

delivery::Source source(const config::SourceRule& rule, const std::string& hostname) {
  delivery::Source source;
  source.id = rule.id;
  for (const IpAddress& address : rule.addresses)
    (address.is_v4() ? source.v4 : source.v6) = address;
  source.helo = rule.helo.empty() ? hostname : rule.helo;
  if (!rule.proxy) return source;
  source.proxy = {rule.proxy->scheme == config::ProxyScheme::socks5 ? delivery::ProxyKind::socks5
                                                                    : delivery::ProxyKind::proxy_v2,
                  rule.proxy->at.host, rule.proxy->at.port, rule.proxy_login,
                  rule.proxy_secret_file};
  return source;
}

void add_sources(const config::Config& config, delivery::Settings& settings) {
  for (const config::SourceRule& rule : config.sources)
    settings.sources.push_back(source(rule, config.hostname));
  for (const config::PoolRule& rule : config.pools) {
    delivery::SourcePool& pool = settings.pools.emplace_back();
    pool.id = rule.id;
    pool.streams = rule.streams;
    for (const config::PoolShare& share : rule.sources)
      pool.shares.push_back({share.source, share.weight});
  }
  settings.pool = config.delivery.pool;
}

std::vector<delivery::FallbackPort> fallback_ports(const std::vector<config::FallbackPort>& ports) {
  std::vector<delivery::FallbackPort> all;
  for (const config::FallbackPort& each : ports)
    all.push_back({each.port, hop_tls_mode(each.tls_mode)});
  return all;
}

// What providers state of the accounts that routes lead to; for many that is nothing.
std::vector<shaping::AccountLimits> account_limits(const config::Config& config) {
  std::vector<shaping::AccountLimits> all;
  for (const config::RouteRule& rule : config.routes) {
    shaping::AccountLimits account;
    account.hop = shaping::next_hop(rule.next_hop.host, rule.next_hop.port, rule.login.login);
    const config::AccountCaps& caps = rule.caps;
    account.most.connections = shaping::stay_under(sourced(caps.connections));
    account.most.messages_per_hour = shaping::stay_under(sourced(caps.messages_per_hour));
    account.most.messages_per_day = shaping::stay_under(sourced(caps.messages_per_day));
    all.push_back(std::move(account));
  }
  return all;
}

// What [delivery] says of its next hop is the short form of a last route, for every domain.
std::vector<delivery::Smarthost> smarthosts(const config::Config& config) {
  std::vector<delivery::Smarthost> all;
  for (const config::RouteRule& rule : config.routes)
    all.push_back({rule.id, rule.match, rule.next_hop.host, rule.next_hop.port,
                   tls_policy(rule.tls), hop_tls_mode(rule.tls_mode), login_at(rule.login),
                   rule.pool, fallback_ports(rule.fallback_ports)});
  const config::DeliverySettings& delivery = config.delivery;
  if (delivery.next_hop)
    all.push_back({std::string(config::delivery_route_id),
                   {"*"},
                   delivery.next_hop->host,
                   delivery.next_hop->port,
                   tls_policy(delivery.tls),
                   hop_tls_mode(delivery.tls_mode),
                   login_at(delivery.login),
                   {},
                   fallback_ports(delivery.fallback_ports)});
  return all;
}

std::vector<Endpoint> own_endpoints(const config::Config& config,
                                    const std::vector<IpAddress>& own_addresses) {
  std::vector<Endpoint> own;
  for (const config::Listener& listener : config.listeners) {
    const Endpoint& at = listener.address;
    bool all_of_family = at.address == IpAddress() || at.address == IpAddress::v6({});
    if (!all_of_family) own.push_back(at);
    if (!all_of_family) continue;
    for (const IpAddress& address : own_addresses)
      if (address.is_v4() == at.address.is_v4()) own.push_back({address, at.port});
  }
  return own;
}

delivery::AddressChoice address_choice(config::AddressChoice choice) {
  switch (choice) {
    case config::AddressChoice::ipv6_first:
      return delivery::AddressChoice::ipv6_first;
    case config::AddressChoice::ipv4_only:
      return delivery::AddressChoice::ipv4_only;
    case config::AddressChoice::ipv6_only:
      return delivery::AddressChoice::ipv6_only;
    case config::AddressChoice::ipv4_first:
      break;
  }
  return delivery::AddressChoice::ipv4_first;
}

delivery::Transcripts transcripts(config::Transcripts which) {
  switch (which) {
    case config::Transcripts::failures:
      return delivery::Transcripts::failures;
    case config::Transcripts::all:
      return delivery::Transcripts::all;
    case config::Transcripts::off:
      break;
  }
  return delivery::Transcripts::off;
}

// An attempt has two descriptors while two addresses race; listeners, spool and log need theirs.
unsigned connections_max(const config::Config& config) {
  constexpr unsigned kept_for_files = 256;
  constexpr unsigned most = 10'000;
  constexpr unsigned least = 16;
  if (config.delivery.connections_max > 0) return config.delivery.connections_max;
  uint64_t limit = io::open_files_max();
  uint64_t reserved = uint64_t{config.limits.connections_max} + kept_for_files;
  uint64_t left = limit - std::min(reserved, limit / 2);
  return static_cast<unsigned>(std::clamp<uint64_t>(left / 2, least, most));
}

}  // namespace

size_t shards_wanted(const config::Config& config) {
  constexpr unsigned unasked_max = 16;
  const size_t wanted = config.loops > 0 ? config.loops : std::min(io::usable_cores(), unasked_max);
  return std::min<size_t>(wanted, connections_max(config) + size_t{1});
}

delivery::Settings delivery_settings(const config::Config& config,
                                     const std::vector<IpAddress>& own_addresses) {
  const config::DeliverySettings& delivery = config.delivery;
  delivery::Settings settings;
  settings.hostname = config.hostname;
  settings.smarthosts = smarthosts(config);
  settings.own_endpoints = own_endpoints(config, own_addresses);
  settings.addresses = address_choice(delivery.addresses);
  if (delivery.eight_bit_content == config::EightBitContent::bounce)
    settings.eight_bit_content = delivery::EightBitContent::bounce;
  settings.transcripts = transcripts(delivery.transcripts);
  settings.connections_max = connections_max(config);
  settings.mx_port = delivery.mx_port;
  settings.tls = tls_policy(delivery.tls);
  settings.source_address = delivery.source_address;
  add_sources(config, settings);
  settings.forbidden_addresses = delivery.forbidden_addresses;
  settings.connect_timeout = delivery.connect_timeout;
  settings.addresses_tried_max = delivery.mx_hosts_tried_max;
  settings.idle_connection = delivery.idle_connection;
  settings.dns_timeout = config.dns.timeout;
  return settings;
}

bool needs_certificates(const config::Config& config) {
  if (config.delivery.tls == config::DeliveryTls::required) return true;
  if (config.oauth.introspection_url && config.oauth.introspection_url->tls) return true;
  std::vector<delivery::Smarthost> all = smarthosts(config);
  return std::any_of(all.begin(), all.end(), [](const delivery::Smarthost& smarthost) {
    return smarthost.tls == delivery::TlsPolicy::required || smarthost.login ||
           !smarthost.fallback_ports.empty();
  });
}

std::vector<std::string> secret_files(const config::Config& config) {
  std::vector<std::string> files;
  for (const delivery::Smarthost& smarthost : smarthosts(config))
    if (smarthost.login) files.push_back(smarthost.login->secret_file);
  for (const config::SourceRule& rule : config.sources)
    if (!rule.proxy_secret_file.empty()) files.push_back(rule.proxy_secret_file);
  if (config.oauth.introspection_url) files.push_back(config.oauth.client_secret_file);
  return files;
}

intake::Limits intake_limits(const config::Config& config,
                             std::shared_ptr<const domains::Signers> signers) {
  intake::Limits limits;
  limits.message_octets_max = config.limits.message_octets_max;
  limits.recipients_max = config.limits.recipients_max;
  limits.expire_after = config.queue.expire_after;
  limits.refuse_suppressed = config.suppressions.mode == config::SuppressionMode::refuse;
  limits.tells_subject = config.records.subjects;
  // What a next hop for all mail makes of an address literal is for it to say.
  const std::vector<delivery::Smarthost> hops = smarthosts(config);
  const bool all_routed = std::any_of(hops.begin(), hops.end(), [](const auto& hop) {
    return delivery::is_matched(hop.match, "[192.0.2.1]");
  });
  if (!all_routed) limits.forbidden_literals = config.delivery.forbidden_addresses;
  for (const config::StreamRule& stream : config.streams)
    if (stream.expire_after) limits.stream_expires_after[stream.id] = *stream.expire_after;
  limits.signing = {std::move(signers), unsigned_mail(config.signing.unsigned_mail),
                    unsigned_mail(config.signing.unaligned_mail)};
  return limits;
}

domains::SignerSources signer_sources(const config::Config& config, const std::string& folder) {
  domains::SignerSources sources{folder, {}, config.signing.domains};
  for (const config::SigningKeyRule& key : config.signing_keys)
    sources.key_files.push_back({key.domain, key.selector, key.file});
  return sources;
}

notices::Settings notice_settings(const config::Config& config,
                                  std::shared_ptr<const domains::Signers> signers) {
  return {config.hostname, config.queue.expire_after, config.queue.returned_octets_max,
          std::move(signers)};
}

queue::Settings queue_settings(const config::Config& config) {
  std::vector<shaping::SiteRule> rules;
  for (const config::SiteRule& rule : config.sites)
    rules.push_back({rule.id, rule.match, rule_limits(rule.limits)});
  std::vector<shaping::StreamRule> streams;
  for (const config::StreamRule& stream : config.streams)
    if (stream.share > 0) streams.push_back({stream.id, stream.share, stream.reserve});
  const config::QueueSettings& queue = config.queue;
  shaping::SiteTable sites = shaping::make_site_table(site_limits(config.site_default),
                                                      std::move(rules), shaping::known_sites());
  for (const shaping::AccountLimits& account : account_limits(config)) sites.add_account(account);
  return {std::move(sites),
          {queue.retry_first, queue.retry_factor, queue.retry_max, queue.retry_jitter},
          queue.delay_notice_after,
          shaping::StreamTable(std::move(streams))};
}

submission::Settings submission_settings(const config::Config& config,
                                         const config::Listener& listener) {
  submission::Settings settings;
  settings.hostname = config.hostname;
  settings.trusted_networks = listener.trusted_networks;
  if (!listener.sender_domains.empty()) settings.trusted_sender_domains = listener.sender_domains;
  if (listener.inbound) settings.inbound = inbound(config);
  settings.login_without_tls_on_loopback =
      listener.login_without_tls == config::LoginWithoutTls::loopback;
  settings.proxies = listener.proxy_protocol_from;
  settings.xclient_networks = listener.xclient_from;
  settings.connections_max = config.limits.connections_max;
  settings.connections_per_address_max = config.limits.connections_per_address_max;
  settings.command_timeout = config.limits.session_idle;
  settings.errors_per_session_max = config.limits.errors_per_session_max;
  settings.messages_per_login_per_minute = config.limits.messages_per_login_per_minute;
  return settings;
}

submission::TlsMode tls_mode(const config::Listener& listener) {
  switch (listener.tls) {
    case config::TlsMode::implicit:
      return submission::TlsMode::implicit;
    case config::TlsMode::none:
      return submission::TlsMode::none;
    case config::TlsMode::starttls:
      break;
  }
  return submission::TlsMode::starttls;
}

dns::ResolverOptions resolver_options(const config::Config& config) {
  dns::ResolverOptions options;
  options.forward_to = config.dns.resolver;
  options.records = config.dns.records;
  return options;
}

records::EventLogOptions event_log_options(const config::Config& config) {
  records::EventLogOptions options;
  options.folder = config::DataPaths(config.data_dir).events;
  options.file_octets_max = config.events.file_octets_max;
  options.keep_files = config.events.keep_files;
  options.keep = config.events.keep;
  options.flush_every = config.events.flush_every;
  return options;
}

records::RecorderOptions recorder_options(const config::Config& config) {
  config::DataPaths paths(config.data_dir);
  records::RecorderOptions options;
  options.folder = paths.records;
  options.events_folder = paths.events;
  options.keep = config.records.keep;
  options.keep_transcripts = config.records.keep_transcripts;
  return options;
}

}  // namespace waypost::daemon
