#include "delivery/route.h"

#include <algorithm>

#include <fmt/format.h>

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

tl::unexpected<Outcome> bounce(std::string reason) {
  return tl::unexpected(no_route(Verdict::bounced, std::move(reason)));
}
tl::unexpected<Outcome> nobody_could_tell(const std::string& domain, const Error& error) {
  return tl::unexpected(no_route(
      Verdict::deferred,
      fmt::format("looking up which hosts take mail for {}: {}", domain, error.describe())));
}

}  // namespace

std::shared_ptr<const Route> Routes::known(const std::string& domain) const {
  auto found = routes_.find(domain);
  if (found == routes_.end() || found->second->valid_until <= loop_.now()) return nullptr;
  return found->second;
}

io::Task<tl::expected<std::shared_ptr<const Route>, Outcome>> Routes::find(std::string domain) {
  if (auto route = known(domain)) co_return route;
  auto found = co_await look_up(domain);
  if (!found) co_return tl::unexpected(std::move(found).error());
  auto route = std::make_shared<const Route>(*std::move(found));
  remember(domain, route);
  co_return route;
}

io::Task<tl::expected<Route, Outcome>> Routes::look_up(const std::string& domain) {
  if (settings_.next_hop)
    co_return Route{{{settings_.next_hop->host, 0}}, settings_.next_hop->port, Instant::max()};
  if (domain.starts_with('[')) {
    std::string_view address(domain);
    address = address.substr(1, address.size() - 2);
    if (address.starts_with("IPv6:")) address.remove_prefix(5);
    co_return Route{{{std::string(address), 0}}, settings_.mx_port, Instant::max()};
  }
  Result<dns::MxAnswer> answer = co_await resolver_.mx(domain, loop_.now() + settings_.dns_timeout);
  if (!answer) co_return nobody_could_tell(domain, answer.error());
  if (answer->status == dns::AnswerStatus::no_such_name)
    co_return bounce(fmt::format("the domain {} does not exist (NXDOMAIN)", domain));
  if (answer->records.empty()) co_return co_await implicit_mx(domain, *std::move(answer));
  if (answer->records.size() == 1 && answer->records.front().host.empty())
    co_return bounce(
        fmt::format("the domain {} says that it takes no mail (null MX, RFC 7505)", domain));
  Route route{{}, settings_.mx_port, loop_.now() + answer->ttl};
  for (const dns::MxRecord& record : answer->records)
    if (!record.host.empty()) route.hosts.push_back({record.host, record.preference});
  std::sort(route.hosts.begin(), route.hosts.end(), [](const MailHost& a, const MailHost& b) {
    return std::tie(a.preference, a.name) < std::tie(b.preference, b.name);
  });
  route.hosts.resize(std::min(route.hosts.size(), mail_hosts_max));
  if (route.hosts.empty())
    co_return bounce(fmt::format("the MX records of {} name no host", domain));
  co_return route;
}

// RFC 5321 §5.1: without MX records, the domain itself is the mail host, if it has an address.
io::Task<tl::expected<Route, Outcome>> Routes::implicit_mx(const std::string& domain,
                                                           dns::MxAnswer no_mx) {
  for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
    Result<dns::AddressAnswer> answer =
        co_await resolver_.addresses(domain, family, loop_.now() + settings_.dns_timeout);
    if (!answer) co_return nobody_could_tell(domain, answer.error());
    if (!answer->addresses.empty())
      co_return Route{{{domain, 0}}, settings_.mx_port, loop_.now() + no_mx.ttl};
  }
  co_return bounce(fmt::format("the domain {} has neither MX nor address records", domain));
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
