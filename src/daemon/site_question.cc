#include "daemon/site_question.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/ascii.h"
#include "daemon/failing_sites.h"
#include "delivery/route.h"
#include "dns/idn.h"

namespace waypost::daemon {
namespace {

using config::Config;
using doctor::Encryption;
using events::Event;
using events::Phase;

// One port of a next hop.
struct Way {
  std::string host;
  uint16_t port = 0;
  config::HopTlsMode mode = config::HopTlsMode::starttls;
  config::DeliveryTls tls = config::DeliveryTls::opportunistic;
};

void add_ways(const config::NextHop& hop, config::HopTlsMode mode, config::DeliveryTls tls,
              const std::vector<config::FallbackPort>& others, std::vector<Way>& ways) {
  ways.push_back({hop.host, hop.port, mode, tls});
  for (const config::FallbackPort& other : others)
    ways.push_back({hop.host, other.port, other.tls_mode, config::DeliveryTls::required});
}

// A login, too, wants TLS.
config::DeliveryTls policy(config::DeliveryTls tls, const config::HopLogin& login) {
  return login.login.empty() ? tls : config::DeliveryTls::required;
}

std::vector<Way> ways_of(const Config& config) {
  std::vector<Way> ways;
  for (const config::RouteRule& route : config.routes)
    add_ways(route.next_hop, route.tls_mode, policy(route.tls, route.login), route.fallback_ports,
             ways);
  const config::DeliverySettings& delivery = config.delivery;
  if (delivery.next_hop)
    add_ways(*delivery.next_hop, delivery.tls_mode, policy(delivery.tls, delivery.login),
             delivery.fallback_ports, ways);
  return ways;
}

// The next hop of this name that was tried, by its port where that is known.
const Way* find_way(const std::vector<Way>& ways, const events::Peer& peer) {
  const Way* first = nullptr;
  for (const Way& way : ways) {
    if (way.host != peer.host) continue;
    if (peer.address.ends_with(":" + std::to_string(way.port))) return &way;
    if (!first) first = &way;
  }
  return first;
}

bool goes_to_a_hop(const Config& config, const std::string& recipient_domain) {
  const Result<std::string> ascii = dns::to_a_labels(recipient_domain);
  const std::string& domain = ascii ? *ascii : recipient_domain;
  return config.delivery.next_hop || std::any_of(config.routes.begin(), config.routes.end(),
                                                 [&](const config::RouteRule& route) {
                                                   return delivery::is_matched(route.match, domain);
                                                 });
}

bool goes_through_a_proxy(const Config& config, const std::string& source) {
  return std::any_of(
      config.sources.begin(), config.sources.end(),
      [&](const config::SourceRule& rule) { return rule.id == source && rule.proxy.has_value(); });
}

// In the clear where a server offers nothing else.
Encryption encryption_of(const Way& way) {
  if (way.mode == config::HopTlsMode::implicit) return Encryption::implicit;
  const bool is_wanted = way.tls == config::DeliveryTls::required;
  return is_wanted ? Encryption::starttls : Encryption::none;
}

}  // namespace

std::optional<SiteQuestion> question_about(const Config& config, const Event& event) {
  if (!event.phase || event.recipients.empty()) return std::nullopt;
  if (goes_through_a_proxy(config, event.peer.source)) return std::nullopt;
  SiteQuestion question;
  question.site = site_of(event);
  question.failed_at_tls = event.phase == Phase::tls;
  if (event.phase == Phase::login && is_reply(event.reply)) question.refused_login = event.reply;
  doctor::Request& request = question.request;
  request.hello = config.hostname;
  const std::vector<Way> ways = ways_of(config);
  if (const Way* way = find_way(ways, event.peer)) {
    request.host = way->host;
    request.port = way->port;
    request.encryption = encryption_of(*way);
    // Whatever its policy, TLS is what failed.
    if (question.failed_at_tls && request.encryption == Encryption::none)
      request.encryption = Encryption::starttls;
    return question;
  }
  const std::string& recipient = event.recipients.front();
  request.host = base::to_lower(recipient.substr(recipient.rfind('@') + 1));
  // Nobody knows the next hop that it was: one of several, or of before a reload.
  if (goes_to_a_hop(config, request.host) || !question.refused_login.empty()) return std::nullopt;
  request.port = config.delivery.mx_port;
  request.mail_exchanger = true;
  request.forbidden_addresses = config.delivery.forbidden_addresses;
  if (config.delivery.tls == config::DeliveryTls::never) request.encryption = Encryption::none;
  if (request.host.starts_with('[')) return std::nullopt;
  return question;
}

}  // namespace waypost::daemon
