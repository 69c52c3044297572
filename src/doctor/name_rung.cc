#include "doctor/name_rung.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/networks.h"
#include "dns/idn.h"
#include "dns/rdata.h"
#include "doctor/host_text.h"
#include "doctor/name_failure.h"
#include "settings/remarks.h"

namespace waypost::doctor {
namespace {

constexpr std::chrono::seconds second_patience{8};
constexpr size_t addresses_shown_max = 3;

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
  fail(std::move(found),
       fmt::format("the host name has {}", !text.invisible.empty()
                                               ? text.invisible
                                               : "more than a name: it is " + text.foreign));
  co_return false;
}

io::Task<void> NameRung::explain_error(Error error) {
  Finding found = co_await explain_name_failure(context_, ground_.host, std::move(error));
  fail_unanswered(std::move(found));
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
  Finding found = co_await explain_name_failure(context_, ground_.host, *error);
  if (found.id == "M1005") {
    Both again = co_await look_up(context_, ground_.host, request_.family, second_patience);
    if (again.error() == nullptr || !again.all().empty()) {
      both = std::move(again);
      co_return true;
    }
  }
  fail_unanswered(std::move(found));
  co_return false;
}

io::Task<void> NameRung::walk_host() {
  Both both = co_await look_up(context_, ground_.host, request_.family);
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
    Both both = co_await look_up(context_, record.host, request_.family);
    if (!both.all().empty() && host.empty()) {
      addresses = visitable(both.all());
      if (!addresses.empty()) host = record.host;
    } else if (both.all().empty() && both.error()) {
      error = *both.error();
      silent = record.host;
    } else if (both.all().empty()) {
      dangling.push_back(record.host);
    }
  }
  if (host.empty() && error) {
    Finding found = co_await explain_name_failure(context_, silent, *error);
    fail(std::move(found), "no mail host of the domain can be looked up");
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
// enough.
io::Task<bool> NameRung::is_deaf(const Error& silence) {
  Finding found = co_await explain_name_failure(context_, ground_.host, silence);
  if (found.id != "M1004" && !request_.mail_exchanger) co_return false;
  fail_unanswered(std::move(found));
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
    std::optional<Error> silence;
    bool domain_possible = request_.mail_exchanger || (!request_.port && request_.user.empty());
    if (domain_possible) {
      auto answer = co_await look_up_mx(context_, ground_.host);
      bool names_itself = answer && std::any_of(answer->records.begin(), answer->records.end(),
                                                [this](const dns::MxRecord& record) {
                                                  return record.host == ground_.host;
                                                });
      if (answer && !answer->records.empty() && (!names_itself || request_.mail_exchanger))
        mx = *std::move(answer);
      if (!answer && answer.error().code() == ErrorCode::timed_out) silence = answer.error();
    }
    bool dead = false;
    if (silence) dead = co_await is_deaf(*silence);
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
