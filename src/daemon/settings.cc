#include "daemon/settings.h"

#include "config/data_paths.h"

namespace waypost::daemon {
namespace {

template <class T>
shaping::Sourced<T> sourced(const config::Sourced<T>& limit) {
  return {limit.value, limit.origin.text()};
}

shaping::SiteLimits site_limits(const config::SiteLimits& limits) {
  return {sourced(limits.connections), sourced(limits.messages_per_second),
          sourced(limits.messages_per_connection), sourced(limits.recipients_per_message)};
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

}  // namespace

delivery::Settings delivery_settings(const config::Config& config) {
  const config::DeliverySettings& delivery = config.delivery;
  delivery::Settings settings;
  settings.hostname = config.hostname;
  if (delivery.next_hop) settings.next_hop = {delivery.next_hop->host, delivery.next_hop->port};
  settings.mx_port = delivery.mx_port;
  settings.tls = tls_policy(delivery.tls);
  settings.source_address = delivery.source_address;
  settings.connect_timeout = delivery.connect_timeout;
  settings.addresses_tried_max = delivery.mx_hosts_tried_max;
  settings.idle_connection = delivery.idle_connection;
  settings.dns_timeout = config.dns.timeout;
  return settings;
}

intake::Limits intake_limits(const config::Config& config) {
  intake::Limits limits;
  limits.message_octets_max = config.limits.message_octets_max;
  limits.recipients_max = config.limits.recipients_max;
  limits.expire_after = config.queue.expire_after;
  return limits;
}

queue::RetrySchedule retry_schedule(const config::Config& config) {
  return {config.queue.retry_first, config.queue.retry_factor, config.queue.retry_max,
          config.queue.retry_jitter};
}

shaping::SiteTable site_table(const config::Config& config) {
  std::vector<shaping::SiteRule> rules;
  for (const config::SiteRule& rule : config.sites)
    rules.push_back({rule.id, rule.match, site_limits(rule.limits)});
  return {site_limits(config.site_default), std::move(rules)};
}

submission::Settings submission_settings(const config::Config& config,
                                         const config::Listener& listener) {
  submission::Settings settings;
  settings.hostname = config.hostname;
  settings.trusted_networks = listener.trusted_networks;
  settings.connections_max = config.limits.connections_max;
  settings.connections_per_address_max = config.limits.connections_per_address_max;
  settings.command_timeout = config.limits.session_idle;
  settings.errors_per_session_max = config.limits.errors_per_session_max;
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
