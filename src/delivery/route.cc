#include "delivery/route.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/networks.h"
#include "dns/idn.h"
#include "smtp/address_literal.h"

namespace waypost::delivery {
namespace {

using events::Outcome;
using events::Verdict;

// A short time to live must not make us ask for every message, and a long one must not keep us
// going to a host that has moved.
constexpr Duration remembered_min = std::chrono::seconds(30);
constexpr Duration remembered_max = std::chrono::minutes(30);
constexpr size_t routes_remembered_max = 100'000;
// RFC 5321 §5.1 sets no limit; nobody needs more, and hostile zones have thousands.
constexpr size_t mail_hosts_max = 20;

Outcome no_route(Verdict verdict, std::string reason) {
  Outcome outcome;
  outcome.verdict = verdict;
  outcome.phase = events::Phase::resolve;
  outcome.reason = std::move(reason);
  return outcome;
}

// The reason begins with the enhanced code, as a reply would: a notice to the sender names it.
tl::unexpected<Outcome> bounce(std::string reason) {
  return tl::unexpected(no_route(Verdict::bounced, std::move(reason)));
}
tl::unexpected<Outcome> nobody_could_tell(const std::string& domain, const Error& error) {
  return tl::unexpected(no_route(
      Verdict::deferred,
      fmt::format("looking up which hosts take mail for {}: {}", domain, error.describe())));
}

tl::unexpected<Outcome> forbidden_literal(const std::string& domain) {
  return bounce(
      fmt::format("5.1.2 {} is an address where this relay sends no mail ([delivery] "
                  "forbidden_addresses)",
                  domain));
}

Route route_to(const Smarthost& smarthost) {
  Route route;
  route.hosts = {{smarthost.host, 0}};
  route.port = smarthost.port;
  route.tls = smarthost.tls;
  route.tls_mode = smarthost.tls_mode;
  route.login = smarthost.login;
  // A password goes to nobody who has not proved who they are.
  if (route.login) route.tls = TlsPolicy::required;
  route.pool = smarthost.pool;
  route.smarthost = smarthost.id;
  std::vector<std::shared_ptr<const Route>> fallbacks;
  for (const FallbackPort& other : smarthost.fallback_ports) {
    auto by_other = std::make_shared<Route>(route);
    by_other->port = other.port;
    by_other->tls_mode = other.tls_mode;
    by_other->tls = TlsPolicy::required;
    fallbacks.push_back(std::move(by_other));
  }
  route.fallbacks = std::move(fallbacks);
  return route;
}

bool matches(std::string_view pattern, std::string_view domain) {
  if (pattern == "*") return true;
  if (!pattern.starts_with("*.")) return pattern == domain;
  return domain.size() > pattern.size() - 1 && domain.ends_with(pattern.substr(1));
}

}  // namespace

bool is_matched(const std::vector<std::string>& patterns, std::string_view domain) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, domain); });
}

Outcome loop_to_self(const std::string& domain) {
  return no_route(Verdict::bounced,
                  fmt::format("5.4.6 mail for {} loops back to myself: its MX records lead to this "
                              "server, which does not take mail for it",
                              domain));
}

Outcome forbidden_hosts(const std::string& domain, const std::string& host,
                        const IpAddress& address) {
  Outcome outcome = no_route(
      Verdict::bounced, fmt::format("5.4.4 the mail hosts of {} are at addresses where this relay "
                                    "sends no mail: {} at {} ([delivery] forbidden_addresses)",
                                    domain, host, address.text()));
  outcome.peer.host = host;
  return outcome;
}

std::string Route::connection_key(const std::string& host) const {
  return smarthost.empty() ? host : fmt::format("smarthost {} at {}:{}", smarthost, host, port);
}

Routes::Routes(io::Loop& loop, dns::Resolver& resolver, std::shared_ptr<const Settings> settings)
    : loop_(loop), resolver_(resolver) {
  reconfigure(std::move(settings));
}

void Routes::reconfigure(std::shared_ptr<const Settings> settings) {
  settings_ = std::move(settings);
  routes_.clear();
  smarthosts_.clear();
  for (const Smarthost& smarthost : settings_->smarthosts)
    smarthosts_.push_back(std::make_shared<const Route>(route_to(smarthost)));
}

// Patterns are written in ASCII.
std::shared_ptr<const Route> Routes::configured(const std::string& domain) const {
  if (smarthosts_.empty()) return nullptr;
  Result<std::string> ascii = dns::to_a_labels(domain);
  const std::string& name = ascii ? *ascii : domain;
  for (size_t i = 0; i < smarthosts_.size(); ++i)
    if (is_matched(settings_->smarthosts[i].match, name)) return smarthosts_[i];
  return nullptr;
}

std::shared_ptr<const Route> Routes::known(const std::string& domain) const {
  if (auto route = configured(domain)) return route;
  auto found = routes_.find(domain);
  if (found == routes_.end() || found->second->valid_until <= loop_.now()) return nullptr;
  return found->second;
}

io::Task<tl::expected<std::shared_ptr<const Route>, Outcome>> Routes::find(std::string domain) {
  if (auto route = known(domain)) co_return route;
  std::shared_ptr<const Settings> asked_with = settings_;
  auto found = co_await look_up(domain);
  if (!found) co_return tl::unexpected(std::move(found).error());
  auto route = std::make_shared<const Route>(*std::move(found));
  // What was found by other settings is good for this one attempt only.
  if (asked_with == settings_) remember(domain, route);
  co_return route;
}

Route Routes::plain_route(std::string domain) const {
  Route route;
  route.domain = std::move(domain);
  route.port = settings_->mx_port;
  route.tls = settings_->tls;
  return route;
}

io::Task<Routes::Found> Routes::look_up(std::string domain) {
  if (auto literal = smtp::address_of_literal(domain)) {
    if (contains(settings_->forbidden_addresses, *literal)) co_return forbidden_literal(domain);
    Route route = plain_route(domain);
    route.hosts = {{literal->text(), 0}};
    co_return route;
  }
  Result<std::string> name = dns::to_a_labels(domain);
  if (!name) co_return bounce(fmt::format("5.1.2 {}: {}", name.error().message(), domain));
  Route route = plain_route(*std::move(name));
  route.by_name_system = true;
  Result<dns::MxAnswer> answer =
      co_await resolver_.mx(route.domain, loop_.now() + settings_->dns_timeout);
  if (!answer) co_return nobody_could_tell(domain, answer.error());
  if (answer->status == dns::AnswerStatus::no_such_name)
    co_return bounce(fmt::format("5.1.2 the domain {} does not exist (NXDOMAIN)", domain));
  if (answer->records.empty()) co_return co_await implicit_mx(std::move(route), answer->ttl);
  if (answer->records.size() == 1 && answer->records.front().host.empty())
    co_return bounce(
        fmt::format("5.1.10 the domain {} says that it takes no mail (null MX, RFC 7505)", domain));
  route.valid_until = loop_.now() + answer->ttl;
  co_return explicit_mx(std::move(route), answer->records);
}

Routes::Found Routes::explicit_mx(Route route, const std::vector<dns::MxRecord>& records) const {
  for (const dns::MxRecord& record : records)
    if (!record.host.empty()) route.hosts.push_back({record.host, record.preference});
  if (route.hosts.empty())
    return bounce(fmt::format("5.1.10 the MX records of {} name no host", route.domain));
  std::sort(route.hosts.begin(), route.hosts.end(), [](const MailHost& a, const MailHost& b) {
    return std::tie(a.preference, a.name) < std::tie(b.preference, b.name);
  });
  // RFC 5321 §5.1: at our own name the list ends, together with all that is no better than it.
  auto self = std::find_if(route.hosts.begin(), route.hosts.end(), [&](const MailHost& host) {
    return base::equals_ignoring_case(host.name, settings_->hostname);
  });
  if (self != route.hosts.end())
    std::erase_if(route.hosts, [worst = self->preference](const MailHost& host) {
      return host.preference >= worst;
    });
  if (route.hosts.empty()) return tl::unexpected(loop_to_self(route.domain));
  route.hosts.resize(std::min(route.hosts.size(), mail_hosts_max));
  return route;
}

// RFC 5321 §5.1: without MX records, the domain itself is the mail host, if it has an address.
io::Task<Routes::Found> Routes::implicit_mx(Route route, Duration ttl) {
  for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
    Result<dns::AddressAnswer> answer =
        co_await resolver_.addresses(route.domain, family, loop_.now() + settings_->dns_timeout);
    if (!answer) co_return nobody_could_tell(route.domain, answer.error());
    if (answer->addresses.empty()) continue;
    route.valid_until = loop_.now() + ttl;
    std::vector<dns::MxRecord> itself{{0, route.domain}};
    co_return explicit_mx(std::move(route), itself);
  }
  co_return bounce(
      fmt::format("5.1.2 the domain {} has neither MX nor address records", route.domain));
}

void Routes::remember(const std::string& domain, std::shared_ptr<const Route> route) {
  if (route->valid_until != Instant::max()) {
    auto bounded = std::make_shared<Route>(*route);
    Instant now = loop_.now();
    bounded->valid_until =
        std::clamp(route->valid_until, now + remembered_min, now + remembered_max);
    route = std::move(bounded);
  }
  if (routes_.size() >= routes_remembered_max) {
    std::erase_if(routes_, [now = loop_.now()](const auto& known_route) {
      return known_route.second->valid_until <= now;
    });
    if (routes_.size() >= routes_remembered_max) routes_.erase(routes_.begin());
  }
  routes_[domain] = std::move(route);
}

}  // namespace waypost::delivery
