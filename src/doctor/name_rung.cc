#include "doctor/name_rung.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/networks.h"
#include "dns/idn.h"
#include "dns/rdata.h"
#include "doctor/name_failure.h"
#include "settings/remarks.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds second_patience{8};
constexpr std::chrono::seconds slow_answer{2};
constexpr size_t addresses_shown_max = 3;

bool is_silence(const std::optional<Addresses>& answer) {
  return answer && !*answer && answer->error().code() == ErrorCode::timed_out;
}

}  // namespace

void NameRung::fail(Finding finding, std::string line) {
  result_.line = std::move(line);
  result_.add(std::move(finding));
}

std::vector<IpAddress> NameRung::visitable(std::vector<IpAddress> addresses) const {
  std::erase_if(addresses, [this](const IpAddress& address) {
    return base::contains(request_.forbidden_addresses, address);
  });
  return addresses;
}

// Without addresses nothing is left to walk to.
void NameRung::leave_out_forbidden() {
  if (request_.forbidden_addresses.empty()) return;
  ground_.v4 = visitable(std::move(ground_.v4));
  ground_.v6 = visitable(std::move(ground_.v6));
  const bool is_open = result_.status != RungStatus::fail;
  if (!is_open || !ground_.v4.empty() || !ground_.v6.empty()) return;
  result_.status = RungStatus::unknown;
  result_.line = "its mail hosts are where none is visited";
}

void NameRung::take(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> v4, v6, shown;
  for (const IpAddress& address : addresses) {
    (address.is_v4() ? ground_.v4 : ground_.v6).push_back(address);
    (address.is_v4() ? v4 : v6).push_back(address.text());
  }
  result_.add_list("a", v4);
  result_.add_list("aaaa", v6);
  if (addresses.size() > addresses_shown_max) {
    result_.line =
        fmt::format("{} = {} IPv4, {} IPv6 addresses", ground_.host, v4.size(), v6.size());
    return;
  }
  shown = v4;
  shown.insert(shown.end(), v6.begin(), v6.end());
  result_.line = fmt::format("{} = {}", ground_.host, fmt::join(shown, ", "));
}

// No question can be asked about it: no resolver is to blame.
void NameRung::refuse_text() {
  Finding found = finding("M1016");
  found.parameters["seen"] = settings::without_password(request_.host);
  found.observed = found.parameters["seen"];
  fail(std::move(found), "no host can be named so");
}

void NameRung::refuse_port(const std::string& port) {
  Finding found = finding("M1020");
  found.parameters["seen"] = settings::without_password(port);
  found.observed = settings::without_password(request_.host);
  fail(std::move(found), "the port is no number from 1 to 65535");
}

// A comma for a dot, unless what stands before it is a host of its own and the whole is none.
io::Task<bool> NameRung::is_meant_with_dots(const HostText& text) {
  Both whole = co_await look_up(context_, text.with_dots, request_.family);
  if (!whole.all().empty()) co_return true;
  Both first = co_await look_up(context_, text.clean, request_.family);
  co_return first.all().empty() && dns::normalize_name(text.with_dots);
}

// Whether it is a name to be asked for at all.
io::Task<bool> NameRung::read_text() {
  HostText text = examine_host(request_.host);
  ground_.host = text.clean;
  auto ascii = dns::to_a_labels(text.clean);
  if (ascii) ground_.host = *ascii;
  bool odd = !text.invisible.empty() || !text.foreign.empty();
  // One dot at the end is the root's; a second one leaves an empty label (RFC 1035 §3.1).
  const bool is_name = ascii && !text.clean.ends_with('.') &&
                       (IpAddress::parse(ground_.host) || dns::normalize_name(*ascii));
  if (!odd && is_name) co_return true;
  if (text.invisible.empty() && !is_name) {
    refuse_text();
    co_return false;
  }
  if (text.invisible.empty() && !text.bad_port.empty()) {
    refuse_port(text.bad_port);
    co_return false;
  }
  bool is_comma = false;
  if (!text.with_dots.empty()) is_comma = co_await is_meant_with_dots(text);
  if (is_comma) ground_.host = text.with_dots;
  Finding found = finding(!text.invisible.empty() ? "M1009" : "M1014");
  const std::string shown = settings::without_password(request_.host);
  found.observed = shown;
  found.parameters["setting"] = "host name";
  found.parameters["seen"] = !text.invisible.empty() ? text.invisible : shown;
  found.parameters["meant"] = ground_.host;
  if (is_name) {
    Both both = co_await look_up(context_, ground_.host, request_.family);
    bool exists = !both.all().empty();
    found.fixes.push_back({found.id == "M1009" ? "client" : "meant",
                           "client",
                           {{"host", ground_.host}},
                           exists ? Tested::works : Tested::not_tested,
                           exists ? ground_.host + " resolves" : ""});
  }
  const std::string what = !text.invisible.empty() ? text.invisible
                           : is_comma              ? "a comma in the place of a dot"
                                                   : "more than a name: it is " + text.foreign;
  fail(std::move(found), "the host name has " + what);
  co_return false;
}

io::Task<void> NameRung::explain_error(Error error) {
  NameFailure failure = co_await explain_name_failure(context_, ground_.host, std::move(error));
  fail_unanswered(std::move(failure.finding));
}

void NameRung::note_wait(Instant began) {
  longest_wait_ = std::max(longest_wait_, context_.loop.now() - began);
}

// Where one family is known and the other was not heard of, that one is asked for once more: its
// answer may only be late.
io::Task<Both> NameRung::ask_addresses(std::string name) {
  const Instant began = context_.loop.now();
  Both both = co_await look_up(context_, name, request_.family, patience_);
  if (!both.all().empty() && (is_silence(both.v4) || is_silence(both.v6))) {
    const bool v4_late = is_silence(both.v4);
    Both again = co_await look_up(context_, name, v4_late ? Family::v4_only : Family::v6_only,
                                  second_patience);
    (v4_late ? both.v4 : both.v6) = v4_late ? again.v4 : again.v6;
    if (is_silence(v4_late ? both.v4 : both.v6)) unanswered_ = v4_late ? "IPv4" : "IPv6";
  }
  if (!both.all().empty()) note_wait(began);
  co_return both;
}

io::Task<Result<dns::MxAnswer>> NameRung::ask_mx(std::string name) {
  const Instant began = context_.loop.now();
  auto answer = co_await look_up_mx(context_, std::move(name), patience_);
  if (answer) note_wait(began);
  co_return answer;
}

// Mail can go on, and each program that asks waits as well.
void NameRung::remark_slowness() {
  const bool failed = result_.status != RungStatus::pass && result_.status != RungStatus::warn;
  if (failed || longest_wait_ < slow_answer) return;
  Finding found = finding("M1018");
  found.severity = Severity::warning;
  found.parameters["seconds"] = shown_time(longest_wait_);
  found.observed =
      unanswered_.empty()
          ? fmt::format("the answer about {} took {}", ground_.host, shown_time(longest_wait_))
          : fmt::format("no answer about the {} addresses of {} in {}", unanswered_, ground_.host,
                        shown_time(longest_wait_));
  if (!context_.name_servers.empty())
    found.parameters["resolver"] = context_.name_servers.front().text();
  result_.add(std::move(found));
}

void NameRung::fail_unanswered(Finding found) {
  std::string line = found.id == "M1003"   ? "DNSSEC signatures are broken (SERVFAIL)"
                     : found.id == "M1004" ? "the resolver does not answer"
                     : found.id == "M1017" ? "it is an alias that leads back to itself"
                                           : "the resolver has no answer for this name";
  fail(std::move(found), std::move(line));
}

// A resolver that lives may take its time with one name, whose servers are slow: it is asked once
// more. False, and the rung has failed, where there is still nothing.
io::Task<bool> NameRung::is_heard_at_last(Both& both) {
  const Error* error = both.error();
  if (error == nullptr || error->code() != ErrorCode::timed_out || !both.all().empty())
    co_return true;
  const Instant began = context_.loop.now();
  NameFailure failure = co_await explain_name_failure(context_, ground_.host, *error);
  if (failure.answers && patience_ < second_patience) {
    patience_ = second_patience;
    Both again = co_await ask_addresses(ground_.host);
    if (again.error() == nullptr || !again.all().empty()) {
      both = std::move(again);
      note_wait(began);
      co_return true;
    }
  }
  fail_unanswered(std::move(failure.finding));
  co_return false;
}

io::Task<void> NameRung::walk_host() {
  Both both = co_await ask_addresses(ground_.host);
  bool heard = co_await is_heard_at_last(both);
  if (!heard) co_return;
  std::vector<IpAddress> addresses = both.all();
  if (addresses.empty()) {
    co_await explain_absence(std::move(both));
    co_return;
  }
  take(addresses);
  result_.add_fact("rcode", "NOERROR");
  auto alike = co_await find_look_alike("M1008");
  // Whoever writes the name out to the final dot means it.
  const bool at_stake = !request_.user.empty() && !request_.host.ends_with('.');
  const bool strange = alike && may_be_a_strangers(ground_.host);
  if (strange) alike->parameters["name"] = ground_.host + ".";
  if (strange && at_stake) {
    std::string line =
        fmt::format("looks like {}; no password goes there", alike->parameters["meant"]);
    fail(*std::move(alike), std::move(line));
    co_return;
  }
  if (alike) {
    alike->severity = Severity::warning;
    result_.add(*std::move(alike));
  }
  bool foreign = !request_.provider.empty() &&
                 std::none_of(addresses.begin(), addresses.end(), [](const IpAddress& address) {
                   return is_public_text(address.text());
                 });
  if (!foreign) co_return;
  Finding found = finding("M1013");
  found.severity = Severity::warning;
  found.observed = result_.line;
  found.parameters["address"] = addresses.front().text();
  found.parameters["seen"] = "an address of a private network";
  result_.add(std::move(found));
}

void NameRung::keep_for_later(std::string name, const std::vector<IpAddress>& addresses) {
  MailHost next{std::move(name)};
  for (const IpAddress& address : addresses)
    (address.is_v4() ? next.v4 : next.v6).push_back(address);
  ground_.next_mail_hosts.push_back(std::move(next));
}

// In the order of preference (RFC 5321 §5.1): the first that has an address is walked on.
io::Task<void> NameRung::resolve_mail_hosts(std::vector<dns::MxRecord> hosts) {
  std::stable_sort(hosts.begin(), hosts.end(), [](const auto& one, const auto& other) {
    return one.preference < other.preference;
  });
  if (hosts.size() > mail_hosts_max) hosts.resize(mail_hosts_max);
  std::vector<std::string> dangling;
  std::optional<Error> error;
  std::string silent, host;
  std::vector<IpAddress> addresses;
  for (const dns::MxRecord& record : hosts) {
    Both both = co_await ask_addresses(record.host);
    if (!both.all().empty()) {
      std::vector<IpAddress> found = visitable(both.all());
      if (found.empty()) continue;
      if (!host.empty()) {
        keep_for_later(record.host, found);
        continue;
      }
      addresses = std::move(found);
      host = record.host;
    } else if (both.all().empty() && both.error()) {
      error = *both.error();
      silent = record.host;
    } else if (both.all().empty()) {
      dangling.push_back(record.host);
    }
  }
  if (host.empty() && error) {
    NameFailure failure = co_await explain_name_failure(context_, silent, *error);
    const bool late = failure.answers && error->code() == ErrorCode::timed_out;
    if (late && patience_ < second_patience) {
      patience_ = second_patience;
      ground_.next_mail_hosts.clear();
      co_await resolve_mail_hosts(std::move(hosts));
      co_return;
    }
    fail(std::move(failure.finding), "no mail host of the domain can be looked up");
    co_return;
  }
  if (!host.empty()) {
    ground_.host = host;
    take(addresses);
  }
  if (dangling.empty()) co_return;
  Finding found = finding("M1011");
  found.observed = fmt::format("{} MX {}", ground_.domain, fmt::join(dangling, ", "));
  found.parameters["domain"] = ground_.domain;
  found.parameters["name"] = dangling.front();
  if (!host.empty()) found.severity = Severity::warning;
  std::string line = host.empty() ? "the domain's mail host has no address" : result_.line;
  fail(std::move(found), std::move(line));
}

io::Task<void> NameRung::walk_domain(dns::MxAnswer answer) {
  ground_.domain = ground_.host;
  ground_.mail_exchanger = true;
  std::vector<std::string> hosts;
  for (const dns::MxRecord& record : answer.records) hosts.push_back(record.host);
  result_.add_list("mx", hosts);
  ground_.mail_hosts = std::move(hosts);
  bool null_mx = answer.records.size() == 1 && answer.records.front().host.empty();
  if (!null_mx) {
    co_await resolve_mail_hosts(answer.records);
    co_return;
  }
  Finding found = finding("M1010");
  found.observed = fmt::format("{} MX 0 .", ground_.host);
  found.parameters["domain"] = ground_.host;
  fail(std::move(found), "the domain says that it takes no mail (null MX)");
}

// The domain of the user's own address in the place of a server: the server that the domain names
// for it. An answer of the name system is no proof, so that a password follows it only to a name
// below the domain (RFC 6186 §6).
io::Task<bool> NameRung::walk_service() {
  size_t at = request_.user.rfind('@');
  bool meant = at != std::string::npos && !request_.port && !request_.mail_exchanger &&
               base::to_lower(request_.user.substr(at + 1)) == ground_.host;
  if (!meant) co_return false;
  auto services = co_await look_up_services(context_, ground_.host);
  if (services.empty()) co_return false;
  const Service& service = services.front();
  bool own = service.host == ground_.host || service.host.ends_with("." + ground_.host);
  if (!own) {
    Finding found = finding("M1015");
    found.observed = fmt::format("{} port {}", service.host, service.port);
    found.parameters["domain"] = ground_.host;
    found.parameters["user"] = request_.user;
    found.parameters["meant"] = service.host;
    found.parameters["other_port"] = std::to_string(service.port);
    found.fixes = {{"meant",
                    "client",
                    {{"host", service.host},
                     {"port", std::to_string(service.port)},
                     {"tls", std::string(name(service.encryption))}}}};
    fail(std::move(found), "its mail is handed in at " + service.host);
    co_return true;
  }
  ground_.domain = ground_.host;
  ground_.host = service.host;
  ground_.port = service.port;
  ground_.encryption = service.encryption;
  result_.add_fact("service", fmt::format("{}:{}", service.host, service.port));
  co_await walk_host();
  co_return true;
}

// Nobody answers, whatever is asked; for a mail host, that its domain cannot be asked for is
// enough. Who only takes long is asked once more.
io::Task<bool> NameRung::is_deaf(Result<dns::MxAnswer>& answer) {
  NameFailure failure = co_await explain_name_failure(context_, ground_.host, answer.error());
  if (failure.answers) {
    patience_ = second_patience;
    answer = co_await ask_mx(ground_.host);
    if (answer) co_return false;
  }
  if (failure.finding.id != "M1004" && !request_.mail_exchanger) co_return false;
  fail_unanswered(std::move(failure.finding));
  co_return true;
}

io::Task<RungResult> NameRung::run() {
  Instant began = context_.loop.now();
  bool readable = co_await read_text();
  if (auto address = IpAddress::parse(ground_.host); readable && address) {
    ground_.is_address = true;
    take({*address});
    result_.line = "an address; no name to look up";
  } else if (readable) {
    // A domain is walked by its mail hosts, unless a port or a login says that a server is meant.
    std::optional<dns::MxAnswer> mx;
    bool dead = false;
    bool domain_possible = request_.mail_exchanger || (!request_.port && request_.user.empty());
    if (domain_possible) {
      auto answer = co_await ask_mx(ground_.host);
      if (!answer && answer.error().code() == ErrorCode::timed_out) dead = co_await is_deaf(answer);
      bool names_itself = answer && std::any_of(answer->records.begin(), answer->records.end(),
                                                [this](const dns::MxRecord& record) {
                                                  return record.host == ground_.host;
                                                });
      if (answer && !answer->records.empty() && (!names_itself || request_.mail_exchanger))
        mx = *std::move(answer);
    }
    bool served = dead;
    if (!served) served = co_await walk_service();
    if (served) {
      // It is known where to go, or that nobody can tell.
    } else if (mx) {
      co_await walk_domain(*std::move(mx));
    } else {
      // Without an MX record the domain itself is its mail host (RFC 5321 §5.1).
      if (request_.mail_exchanger) {
        ground_.domain = ground_.host;
        ground_.mail_hosts = {ground_.host};
      }
      ground_.mail_exchanger = request_.mail_exchanger;
      co_await walk_host();
    }
  }
  leave_out_forbidden();
  remark_slowness();
  result_.took = context_.loop.now() - began;
  co_return std::move(result_);
}

Parameters Ground::parameters() const {
  Parameters known{{"host", host}};
  if (port != 0) known["port"] = std::to_string(port);
  if (at.port != 0) known["address"] = at.address.text();
  if (!domain.empty()) known["domain"] = domain;
  return known;
}

io::Task<RungResult> walk_name(Context& context, const Request& request, Ground& ground) {
  NameRung rung(context, request, ground);
  co_return co_await rung.run();
}

}  // namespace waypost::doctor
