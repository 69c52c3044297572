#include "delivery/opener.h"

#include <algorithm>

#include <fmt/format.h>

#include "delivery/race.h"
#include "io/task_group.h"

namespace waypost::delivery {
namespace {

using dns::AddressFamily;
using events::Outcome;
using events::Phase;
using events::Verdict;

// Addresses of one host that are looked at; hostile zones have thousands.
constexpr size_t addresses_max = 16;

// No host of the internet has such an address, so mail for one would go astray on our own network.
bool is_nowhere(const IpAddress& address) {
  std::string_view octets = address.octets();
  auto first = static_cast<uint8_t>(octets.front());
  if (address.is_v4()) return first == 0 || first >= 224;  // "this network", multicast and up
  bool unspecified = octets.find_first_not_of('\0') == std::string_view::npos;
  return unspecified || first == 0xff;
}

// The other addresses have the same accounts: to offer the login again and again only gets it
// locked.
bool login_was_refused(const Outcome& outcome) {
  return outcome.phase == Phase::login && outcome.reply && outcome.reply->code >= 500;
}

}  // namespace

Opener::Opener(Surroundings surroundings, dns::Resolver& resolver,
               std::shared_ptr<const Settings> settings, std::shared_ptr<const Route> route,
               AttemptLog& log)
    : surroundings_(surroundings),
      resolver_(resolver),
      settings_(std::move(settings)),
      route_(std::move(route)),
      log_(log),
      tries_left_(settings_->addresses_tried_max) {}

io::Task<Opener::Opened> Opener::open() {
  std::vector<Group> all = groups();
  for (Group& group : all) {
    log_.enter(Phase::resolve);
    co_await resolve(group);
    if (leads_to_us(group)) {
      log_.did("the list of mail hosts ends at this server itself");
      if (!failed_) failed_ = loop_to_self(route_->domain);
      break;
    }
    bool done = co_await try_group(group);
    if (done) break;
  }
  log_.pause();
  if (opened_) co_return std::move(opened_);
  co_return tl::unexpected(*std::move(failed_));
}

// RFC 5321 §5.1: hosts of equal preference in random order, so that load spreads over them.
std::vector<Opener::Group> Opener::groups() {
  std::vector<std::pair<uint64_t, MailHost>> drawn;
  for (const MailHost& host : route_->hosts)
    drawn.emplace_back(surroundings_.loop.rng().next(), host);
  std::sort(drawn.begin(), drawn.end(), [](const auto& a, const auto& b) {
    return std::tie(a.second.preference, a.first) < std::tie(b.second.preference, b.first);
  });
  std::vector<Group> groups;
  for (auto& [draw, host] : drawn) {
    if (groups.empty() || groups.back().front().host.preference != host.preference)
      groups.emplace_back();
    groups.back().push_back({std::move(host), {}, {}});
  }
  return groups;
}

// All of a group before the first of it is tried: should one of them be ourselves, the others are
// no better (RFC 5321 §5.1).
io::Task<void> Opener::resolve(Group& group) {
  io::TaskGroup questions;
  for (Candidate& candidate : group) questions.start(resolve_host(candidate));
  co_await questions.join();
}

io::Task<void> Opener::resolve_host(Candidate& candidate) {
  if (auto literal = IpAddress::parse(candidate.host.name)) {
    // RFC 5321 §5.1 wants a name in an MX record; whoever put an address there will want to know.
    if (route_->by_name_system)
      candidate.problem = fmt::format(
          "the MX record of {} holds an IP address, {}, where a host "
          "name belongs (RFC 5321 §5.1)",
          route_->domain, candidate.host.name);
    else
      candidate.addresses.push_back(*literal);
    co_return;
  }
  Result<std::vector<IpAddress>> v4;
  Result<std::vector<IpAddress>> v6;
  io::TaskGroup questions;
  questions.start(look_up(candidate.host.name, AddressFamily::v4, v4));
  questions.start(look_up(candidate.host.name, AddressFamily::v6, v6));
  co_await questions.join();
  take_addresses(candidate, std::move(v4), std::move(v6));
}

bool Opener::wanted(AddressFamily family) const {
  AddressChoice other =
      family == AddressFamily::v4 ? AddressChoice::ipv6_only : AddressChoice::ipv4_only;
  if (settings_->addresses == other) return false;
  return !settings_->source_address ||
         settings_->source_address->is_v4() == (family == AddressFamily::v4);
}

io::Task<void> Opener::look_up(std::string host, AddressFamily family,
                               Result<std::vector<IpAddress>>& answer) {
  if (!wanted(family)) co_return;
  Instant deadline = surroundings_.loop.now() + settings_->dns_timeout;
  Result<dns::AddressAnswer> found = co_await resolver_.addresses(host, family, deadline);
  if (!found) {
    answer = tl::unexpected(std::move(found).error());
    co_return;
  }
  std::vector<IpAddress>& addresses = found->addresses;
  std::erase_if(addresses, is_nowhere);
  addresses.resize(std::min(addresses.size(), addresses_max));
  answer = std::move(addresses);
}

// One family is enough to go on with.
void Opener::take_addresses(Candidate& candidate, Result<std::vector<IpAddress>> v4,
                            Result<std::vector<IpAddress>> v6) {
  const std::string& host = candidate.host.name;
  std::optional<Error> failed;
  if (!v4) failed = v4.error();
  if (!v6) failed = v6.error();
  std::vector<IpAddress> first = v4 ? *std::move(v4) : std::vector<IpAddress>();
  std::vector<IpAddress> second = v6 ? *std::move(v6) : std::vector<IpAddress>();
  if (settings_->addresses == AddressChoice::ipv6_first) std::swap(first, second);
  candidate.addresses = interleave(first, second);
  if (!candidate.addresses.empty()) return;
  bool all_families = wanted(AddressFamily::v4) && wanted(AddressFamily::v6);
  if (failed)
    candidate.problem =
        std::move(*failed).while_doing("looking up the address of " + host).describe();
  else if (all_families)
    candidate.problem = fmt::format("the mail host {} has no address", host);
  else
    candidate.problem = fmt::format(
        "the mail host {} has no {} address, and the configuration "
        "allows no other",
        host, wanted(AddressFamily::v4) ? "IPv4" : "IPv6");
}

bool Opener::leads_to_us(const Group& group) const {
  if (!route_->by_name_system) return false;
  for (const Endpoint& own : settings_->own_endpoints) {
    if (own.port != route_->port) continue;
    for (const Candidate& candidate : group)
      if (std::find(candidate.addresses.begin(), candidate.addresses.end(), own.address) !=
          candidate.addresses.end())
        return true;
  }
  return false;
}

// Whether the search is over.
io::Task<bool> Opener::try_group(Group& group) {
  for (Candidate& candidate : group) {
    co_await try_host(candidate);
    bool ourselves = !opened_ && failed_->verdict == Verdict::bounced;
    if (opened_ || tries_left_ == 0 || ourselves) co_return true;
  }
  co_return false;
}

io::Task<void> Opener::try_host(Candidate& candidate) {
  if (candidate.addresses.empty()) {
    log_.did(candidate.problem);
    Target target{route_, candidate.host.name, {}, true};
    Outcome outcome = could_not(Phase::resolve, target, candidate.problem);
    outcome.peer.address.clear();
    co_return note_failure(std::move(outcome));
  }
  while (!candidate.addresses.empty() && tries_left_ > 0) {
    Opened opened = co_await try_next_address(candidate);
    if (opened) {
      opened_ = *std::move(opened);
      co_return;
    }
    Outcome outcome = std::move(opened).error();
    bool ourselves = outcome.verdict == Verdict::bounced;
    if (ourselves || login_was_refused(outcome)) tries_left_ = 0;
    // What an earlier host, which is not us, came to says more than that the list ends here.
    if (!ourselves || !failed_) note_failure(std::move(outcome));
  }
}

// Of all addresses, the one with which we came furthest has the most to say: a refusal in words is
// not hidden by another address that does not answer.
void Opener::note_failure(Outcome outcome) {
  if (!failed_ || outcome.phase >= failed_->phase) failed_ = std::move(outcome);
}

io::Task<Opener::Opened> Opener::try_next_address(Candidate& candidate) {
  log_.enter(Phase::connect);
  std::string names;
  for (const IpAddress& address : candidate.addresses) names += ", " + address.text();
  log_.did(fmt::format("connecting to port {} of {}{}", route_->port, candidate.host.name, names));
  Race race(surroundings_.loop, surroundings_.network,
            {settings_->source_address, route_->port, settings_->connect_timeout});
  Race::Result result = co_await race.run(candidate.addresses, tries_left_);
  Target target{
      route_, candidate.host.name, {result.address, route_->port}, route_->tls != TlsPolicy::never};
  if (!result.stream) {
    std::string reason = result.stream.error().describe();
    log_.did(target.address.text() + ": " + reason);
    co_return tl::unexpected(could_not(Phase::connect, target, std::move(reason)));
  }
  log_.did("connected to " + target.address.text());
  co_return co_await converse(std::move(target), *std::move(result.stream));
}

io::Task<Opener::Opened> Opener::converse(Target target, std::unique_ptr<io::Stream> stream) {
  Opened opened =
      co_await Connection::open(surroundings_, settings_, target, std::move(stream), log_);
  bool in_the_clear = !opened && opened.error().phase == Phase::tls &&
                      route_->tls == TlsPolicy::opportunistic &&
                      route_->tls_mode == TlsMode::starttls;
  if (!in_the_clear) co_return opened;
  target.use_tls = false;
  co_return co_await converse_in_the_clear(std::move(target));
}

// RFC 7435 §3: rather in the clear than not at all, where nobody asked for more.
io::Task<Opener::Opened> Opener::converse_in_the_clear(Target target) {
  log_.enter(Phase::connect);
  log_.did("connecting to " + target.address.text() + " again, to go on without TLS");
  io::ConnectOptions options{settings_->source_address, nullptr};
  Instant deadline = surroundings_.loop.now() + settings_->connect_timeout;
  auto stream = co_await surroundings_.network.connect(target.address, options, deadline);
  if (!stream)
    co_return tl::unexpected(could_not(Phase::connect, target, stream.error().describe()));
  co_return co_await Connection::open(surroundings_, settings_, std::move(target),
                                      *std::move(stream), log_);
}

Outcome Opener::could_not(Phase phase, const Target& target, std::string reason) const {
  Outcome outcome;
  outcome.phase = phase;
  outcome.reason = std::move(reason);
  outcome.peer.host = target.host;
  outcome.peer.address = target.address.text();
  outcome.concerns_site = true;
  return outcome;
}

}  // namespace waypost::delivery
