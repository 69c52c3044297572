#include <fmt/format.h>

#include "dns/system_files.h"
#include "doctor/name_failure.h"
#include "doctor/name_rung.h"
#include "settings/look_alike.h"

// What is said of a name that has no address.
namespace waypost::doctor {
namespace {

constexpr uint64_t resolv_conf_octets_max = 1 << 20;

}  // namespace

// A name without its own address that the system's programs complete to another one.
io::Task<bool> NameRung::find_by_suffix() {
  auto text = context_.disk.read_file("/etc/resolv.conf", resolv_conf_octets_max);
  if (!text) co_return false;
  bool single_label = ground_.host.find('.') == std::string::npos;
  for (const std::string& suffix : dns::parse_search_list(*text)) {
    std::string completed = ground_.host + "." + suffix;
    Both both = co_await look_up(context_, completed, request_.family);
    std::vector<IpAddress> addresses = both.all();
    if (addresses.empty()) continue;
    if (single_label) {
      // A short name of the own network is meant to be completed.
      // The certificate still has to be for the name as it was written: whoever runs the network
      // chooses the suffix.
      take(addresses);
      result_.line = fmt::format("{} = {}", completed, addresses.front().text());
      co_return true;
    }
    Finding found = finding("M1006");
    found.observed = fmt::format("{} = {}", completed, addresses.front().text());
    found.parameters["name"] = completed;
    found.parameters["suffix"] = suffix;
    found.parameters["address"] = addresses.front().text();
    fail(std::move(found), "does not exist; programs here reach another host");
    co_return true;
  }
  co_return false;
}

// A known provider's host that was perhaps meant, and that exists.
io::Task<std::optional<Finding>> NameRung::find_look_alike(std::string id) {
  auto alike = settings::look_alike(ground_.host, settings::known_providers());
  if (!alike) co_return std::nullopt;
  Finding found = finding(std::move(id));
  Both both = co_await look_up(context_, alike->meant, request_.family);
  bool exists = !both.all().empty();
  found.confidence = Confidence::likely;
  found.observed = fmt::format("{}, not {}", ground_.host, alike->meant);
  found.parameters["meant"] = alike->meant;
  found.fixes.push_back({"meant",
                         "client",
                         {{"host", alike->meant}},
                         exists ? Tested::works : Tested::not_tested,
                         exists ? alike->meant + " resolves" : ""});
  co_return found;
}

// Where mail for such a domain is handed in: as it says itself, else under the usual names.
io::Task<void> NameRung::find_submission_host(Finding& finding) {
  auto services = co_await look_up_services(context_, ground_.host);
  if (!services.empty()) {
    const Service& service = services.front();
    finding.parameters["meant"] = service.host;
    finding.fixes.push_back({"submission",
                             "client",
                             {{"host", service.host},
                              {"port", std::to_string(service.port)},
                              {"tls", std::string(name(service.encryption))}},
                             Tested::not_tested});
    co_return;
  }
  for (const char* label : {"smtp.", "mail."}) {
    std::string host = label + ground_.host;
    Both both = co_await look_up(context_, host, request_.family);
    if (both.all().empty()) continue;
    finding.parameters["meant"] = host;
    finding.fixes.push_back(
        {"submission", "client", {{"host", host}}, Tested::works, host + " resolves"});
    co_return;
  }
}

// Where the name is an alias, what is missing is what it stands for.
io::Task<void> NameRung::name_alias(Finding& found) {
  AliasChain chain = co_await follow_aliases(context_, ground_.host);
  if (chain.names.size() < 2) co_return;
  found.observed += fmt::format("; {}", chain.text());
  found.notes.push_back(fmt::format("It is an alias (CNAME), and what it leads to is missing: {}.",
                                    chain.names.back()));
}

// It was meant as a domain, and takes no mail or names mail hosts that nobody can reach.
io::Task<bool> NameRung::is_broken_domain(dns::MxAnswer mx) {
  if (mx.records.empty()) co_return false;
  if (mx.records.front().host.empty()) co_return true;
  for (size_t i = 0; i < mx.records.size() && i < mail_hosts_max; ++i) {
    Both both = co_await look_up(context_, mx.records[i].host, request_.family);
    if (!both.all().empty()) co_return false;
  }
  co_return true;
}

// It has addresses, and only those that were not asked for.
io::Task<bool> NameRung::has_other_family() {
  const bool v4_asked = request_.family == Family::v4_only;
  Both other =
      co_await look_up(context_, ground_.host, v4_asked ? Family::v6_only : Family::v4_only);
  const std::vector<IpAddress> addresses = other.all();
  if (addresses.empty()) co_return false;
  Finding found = finding("M1021");
  found.parameters["seen"] = v4_asked ? "IPv4" : "IPv6";
  found.parameters["meant"] = v4_asked ? "IPv6" : "IPv4";
  found.parameters["address"] = addresses.front().text();
  found.observed = fmt::format("{} = {}", ground_.host, addresses.front().text());
  std::string line = fmt::format("it has no {} address", found.parameters["seen"]);
  fail(std::move(found), std::move(line));
  co_return true;
}

io::Task<void> NameRung::explain_absence(Both both) {
  if (const Error* error = both.error()) {
    co_await explain_error(*error);
    co_return;
  }
  bool absent = both.no_such_name();
  // Programs that send mail complete no domain, and it is not their server that is mistyped.
  if (absent && request_.mail_exchanger) {
    Finding found = finding("M1019");
    found.observed = fmt::format("NXDOMAIN for {}", ground_.host);
    fail(std::move(found), "the recipient's domain does not exist (NXDOMAIN)");
    co_return;
  }
  if (absent) {
    auto typo = co_await find_look_alike("M1007");
    if (typo) {
      std::string line = fmt::format("does not exist; did you mean {}?", typo->parameters["meant"]);
      fail(*std::move(typo), std::move(line));
      co_return;
    }
  }
  bool explained = false;
  if (absent) explained = co_await find_by_suffix();
  if (explained) co_return;
  if (absent) {
    Finding found = finding("M1001");
    found.observed = fmt::format("NXDOMAIN for {}", ground_.host);
    co_await name_alias(found);
    fail(std::move(found), "this name does not exist (NXDOMAIN)");
    co_return;
  }
  bool elsewhere = false;
  if (request_.family != Family::both) elsewhere = co_await has_other_family();
  if (elsewhere) co_return;
  auto mx = co_await look_up_mx(context_, ground_.host);
  if (mx) {
    bool broken = co_await is_broken_domain(*mx);
    if (broken) {
      co_await walk_domain(*std::move(mx));
      co_return;
    }
  }
  bool has_mail_host = mx && !mx->records.empty() && !mx->records.front().host.empty();
  Finding found = finding(has_mail_host ? "M1012" : "M1002");
  found.observed = fmt::format("no A and no AAAA record for {}", ground_.host);
  co_await name_alias(found);
  if (has_mail_host) {
    found.parameters["domain"] = ground_.host;
    co_await find_submission_host(found);
  }
  fail(std::move(found), "the name exists and has no address");
}

}  // namespace waypost::doctor
