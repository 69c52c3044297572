#include "delivery/opener.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/networks.h"
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

std::string name_of(const Source& source) {
  return source.id.empty() ? "the source address that is configured" : "the source " + source.id;
}

}  // namespace

Opener::Opener(Surroundings surroundings, dns::Resolver& resolver, Way way,
               const Permission& connecting, AttemptLog& log)
    : surroundings_(surroundings),
      resolver_(resolver),
      settings_(std::move(way.settings)),
      route_(std::move(way.route)),
      source_(std::move(way.source)),
      dialer_({surroundings_.loop, surroundings_.network, resolver_, surroundings_.secrets,
               settings_->dns_timeout},
              source_),
      connecting_(connecting),
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
  if (!failed_) failed_ = nowhere_allowed(all);
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
      take_literal(candidate, *literal);
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

// Whoever wrote the address chose its family. But mail never leaves from where no source is.
void Opener::take_literal(Candidate& candidate, const IpAddress& address) const {
  if (source_->reaches(address.is_v4())) {
    candidate.addresses.push_back(address);
    return;
  }
  candidate.other_family = true;
  candidate.problem = fmt::format("{} has no {} address to reach {} from", name_of(*source_),
                                  address.is_v4() ? "IPv4" : "IPv6", address.text());
}

bool Opener::allowed(AddressFamily family) const {
  return settings_->addresses !=
         (family == AddressFamily::v4 ? AddressChoice::ipv6_only : AddressChoice::ipv4_only);
}

bool Opener::wanted(AddressFamily family) const {
  return allowed(family) && source_->reaches(family == AddressFamily::v4);
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
  answer = std::move(found->addresses);
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
  leave_out_unusable(candidate, first);
  leave_out_unusable(candidate, second);
  if (settings_->addresses == AddressChoice::ipv6_first) std::swap(first, second);
  candidate.addresses = interleave(first, second);
  if (!candidate.addresses.empty()) return;
  // Others may show when it is asked again.
  if (failed) candidate.forbidden.reset();
  if (failed)
    candidate.problem =
        std::move(*failed).while_doing("looking up the address of " + host).describe();
  else
    say_why_none(candidate);
}

// Whoever runs the zone says which addresses these are: that of a service of our own machine, say.
void Opener::leave_out_unusable(Candidate& candidate, std::vector<IpAddress>& addresses) const {
  if (route_->by_name_system && !settings_->forbidden_addresses.empty())
    std::erase_if(addresses, [&](const IpAddress& address) {
      const bool is_forbidden = contains(settings_->forbidden_addresses, address);
      if (is_forbidden) candidate.forbidden = address;
      return is_forbidden;
    });
  std::erase_if(addresses, is_nowhere);
  addresses.resize(std::min(addresses.size(), addresses_max));
}

void Opener::say_why_none(Candidate& candidate) const {
  const bool v4 = wanted(AddressFamily::v4);
  const bool v6 = wanted(AddressFamily::v6);
  candidate.other_family = v4 != allowed(AddressFamily::v4) || v6 != allowed(AddressFamily::v6);
  if (candidate.other_family) candidate.forbidden.reset();
  if (candidate.forbidden) {
    candidate.problem = fmt::format("{} is at {}, where this relay sends no mail",
                                    candidate.host.name, candidate.forbidden->text());
    return;
  }
  candidate.problem = fmt::format("the mail host {} has no {}address", candidate.host.name,
                                  v4 == v6 ? ""
                                  : v4     ? "IPv4 "
                                           : "IPv6 ");
  if (!v4 && !v6)
    candidate.problem =
        name_of(*source_) + " has no address of a family that the configuration allows";
  else if (candidate.other_family)
    candidate.problem += fmt::format(", and {} has no other", name_of(*source_));
  else if (v4 != v6)
    candidate.problem += ", and the configuration allows no other";
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
    bool ourselves = !opened_ && failed_ && failed_->verdict == Verdict::bounced;
    if (opened_ || tries_left_ == 0 || ourselves) co_return true;
  }
  co_return false;
}

io::Task<void> Opener::try_host(Candidate& candidate) {
  if (candidate.addresses.empty()) {
    log_.did(candidate.problem);
    // Beside other hosts, it is as if it were not in the list.
    if (!candidate.forbidden) note_failure(without_address(candidate));
    co_return;
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

// All that there was to try is forbidden.
Outcome Opener::nowhere_allowed(const std::vector<Group>& all) const {
  const Candidate& first = all.front().front();
  return forbidden_hosts(route_->domain, first.host.name, first.forbidden.value_or(IpAddress()));
}

// That the source is of the other family says nothing of the site: other sources may reach it.
Outcome Opener::without_address(const Candidate& candidate) {
  Phase phase = candidate.other_family ? Phase::egress : Phase::resolve;
  Outcome outcome = could_not(phase, target_at(candidate, {}), candidate.problem);
  outcome.peer.address.clear();
  outcome.peer.source_address.clear();
  outcome.concerns_site = !candidate.other_family;
  met_other_family_ |= candidate.other_family;
  return outcome;
}

// Of all addresses, the one with which we came furthest has the most to say: a refusal in words is
// not hidden by another address that does not answer.
void Opener::note_failure(Outcome outcome) {
  auto telling = [](const Outcome& each) {
    bool was_heard = each.phase > Phase::connect && !each.unanswered;
    return std::pair(was_heard, each.phase);
  };
  if (!failed_ || telling(outcome) >= telling(*failed_)) failed_ = std::move(outcome);
}

// No step's time is spent on it, as with the turn of a message.
io::Task<std::optional<Outcome>> Opener::wait_to_connect(const Target& target) {
  if (!connecting_) co_return std::nullopt;
  log_.pause();
  std::optional<std::string> why_not = co_await connecting_();
  if (!why_not) co_return std::nullopt;
  log_.did(*why_not);
  tries_left_ = 0;
  Outcome not_now = could_not(Phase::egress, target, *std::move(why_not));
  not_now.concerns_site = false;
  co_return not_now;
}

io::Task<Opener::Opened> Opener::try_next_address(Candidate& candidate) {
  std::optional<Outcome> not_now =
      co_await wait_to_connect(target_at(candidate, candidate.addresses.front()));
  if (not_now) co_return tl::unexpected(*std::move(not_now));
  log_.enter(Phase::connect);
  size_t racing = connecting_ ? 1 : candidate.addresses.size();
  std::deque<IpAddress> racers(candidate.addresses.begin(), candidate.addresses.begin() + racing);
  std::string names;
  for (const IpAddress& address : racers) names += ", " + address.text();
  log_.did(fmt::format("connecting to port {} of {}{}", route_->port, candidate.host.name, names));
  candidate.addresses.erase(candidate.addresses.begin(), candidate.addresses.begin() + racing);
  Race race(surroundings_.loop, dialer_, {route_->port, settings_->connect_timeout});
  Race::Result result = co_await race.run(racers, tries_left_);
  candidate.addresses.insert(candidate.addresses.begin(), racers.begin(), racers.end());
  Target target = target_at(candidate, result.address);
  if (!result.stream) {
    log_.did(target.address.text() + ": " + result.stream.error().reason);
    co_return tl::unexpected(could_not_dial(target, result.stream.error()));
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
  if (in_the_clear) {
    target.use_tls = false;
    opened = co_await converse_in_the_clear(std::move(target));
  }
  if (!opened) excuse_host(opened.error());
  co_return opened;
}

// RFC 7435 §3: rather in the clear than not at all, where nobody asked for more.
io::Task<Opener::Opened> Opener::converse_in_the_clear(Target target) {
  std::optional<Outcome> not_now = co_await wait_to_connect(target);
  if (not_now) co_return tl::unexpected(*std::move(not_now));
  log_.enter(Phase::connect);
  log_.did("connecting to " + target.address.text() + " again, to go on without TLS");
  Instant deadline = surroundings_.loop.now() + settings_->connect_timeout;
  Dialed stream = co_await dialer_.dial(target.address, nullptr, deadline);
  if (!stream) co_return tl::unexpected(could_not_dial(target, stream.error()));
  co_return co_await Connection::open(surroundings_, settings_, std::move(target),
                                      *std::move(stream), log_);
}

Target Opener::target_at(const Candidate& candidate, const IpAddress& address) const {
  return {route_,
          source_,
          candidate.host.name,
          {address, route_->port},
          route_->tls != TlsPolicy::never};
}

// What happened on our own way out is nobody's fault out there.
Outcome Opener::could_not_dial(const Target& target, const DialFailure& failure) {
  bool reached = failure.blame == Blame::host;
  Outcome outcome = could_not(reached ? Phase::connect : Phase::egress, target, failure.reason);
  outcome.concerns_site = reached;
  outcome.unanswered = failure.blame != Blame::means;
  if (failure.blame == Blame::source) source_trouble_ = failure.reason;
  if (failure.blame == Blame::source || failure.blame == Blame::means) tries_left_ = 0;
  return outcome;
}

// A proxy that takes no answer for us says by silence or the end of the connection that it could
// not reach the host. The host may have done the same, which nobody can tell.
void Opener::excuse_host(Outcome& outcome) const {
  if (!source_->speaks_first_to_proxy() || !outcome.unanswered) return;
  outcome.phase = Phase::egress;
  outcome.concerns_site = false;
  outcome.reason = fmt::format("nothing came through the proxy {}, which cannot say why: {}",
                               source_->proxy->text(), outcome.reason);
}

Outcome Opener::could_not(Phase phase, const Target& target, std::string reason) const {
  Outcome outcome;
  outcome.phase = phase;
  outcome.reason = std::move(reason);
  outcome.peer.host = target.host;
  outcome.peer.address = target.address.text();
  target.say_source(outcome.peer);
  outcome.concerns_site = true;
  return outcome;
}

}  // namespace waypost::delivery
