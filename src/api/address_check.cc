#include "api/address_check.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/idn.h"
#include "dns/rdata.h"
#include "settings/look_alike.h"

namespace waypost::api {
namespace {

// RFC 2142 §2 to §5, and what firms call theirs. A tag behind "+" does not count.
constexpr std::array<std::string_view, 38> roles{
    "abuse",   "accounting",    "accounts",   "admin",    "administrator", "all",     "billing",
    "careers", "contact",       "customer",   "everyone", "feedback",      "finance", "ftp",
    "help",    "hello",         "hostmaster", "hr",       "info",          "jobs",    "legal",
    "list",    "mailer-daemon", "marketing",  "news",     "no-reply",      "noc",     "noreply",
    "office",  "postmaster",    "press",      "privacy",  "root",          "sales",   "security",
    "support", "team",          "webmaster"};

constexpr size_t local_part_octets_max = 64;  // RFC 5321 §4.5.3.1.1

bool is_role(std::string_view local_part) {
  const std::string name = base::to_lower(local_part.substr(0, local_part.find('+')));
  return std::find(roles.begin(), roles.end(), name) != roles.end();
}

std::string meant_address(const smtp::Mailbox& mailbox) {
  const auto alike = settings::look_alike_domain(mailbox.domain, settings::known_providers());
  if (!alike) return {};
  smtp::Mailbox meant = mailbox;
  meant.domain = alike->meant;
  return meant.text();
}

class DomainLook {
 public:
  DomainLook(dns::Resolver& resolver, std::string domain, Instant deadline, AddressCheck& check)
      : resolver_(resolver), domain_(std::move(domain)), deadline_(deadline), check_(check) {}

  io::Task<void> run() {
    auto answer = co_await resolver_.mx(domain_, deadline_);
    if (!answer)
      nobody_tells(answer.error());
    else if (answer->status == dns::AnswerStatus::no_such_name)
      no("no-such-domain", "there is no such domain");
    else if (answer->records.empty())
      co_await look_at_itself();
    else
      judge(answer->records);
  }

 private:
  void no(std::string_view id, std::string_view words) {
    check_.hosts = id == "null-mx" ? MailHosts::null_mx : MailHosts::none;
    check_.reasons.push_back({id, fmt::format("{}: {}", domain_, words)});
    check_.is_undeliverable = true;
  }

  void nobody_tells(const Error& error) {
    check_.reasons.push_back(
        {"dns-unknown", "DNS does not tell where its mail goes: " + error.message()});
  }

  void judge(const std::vector<dns::MxRecord>& records) {
    const bool has_host = std::any_of(records.begin(), records.end(),
                                      [](const auto& record) { return !record.host.empty(); });
    if (has_host)
      check_.hosts = MailHosts::mx;
    else
      no("null-mx", "the domain says that it takes no mail");
  }

  io::Task<void> look_at_itself() {
    for (dns::AddressFamily family : {dns::AddressFamily::v4, dns::AddressFamily::v6}) {
      auto answer = co_await resolver_.addresses(domain_, family, deadline_);
      if (!answer) {
        nobody_tells(answer.error());
        co_return;
      }
      if (answer->addresses.empty()) continue;
      check_.hosts = MailHosts::implicit_mx;
      co_return;
    }
    no("no-mail-host", "the domain has neither MX nor address records");
  }

  dns::Resolver& resolver_;
  const std::string domain_;
  const Instant deadline_;
  AddressCheck& check_;
};

}  // namespace

std::string_view name(MailHosts hosts) {
  switch (hosts) {
    case MailHosts::unknown:
      return "unknown";
    case MailHosts::mx:
      return "mx";
    case MailHosts::implicit_mx:
      return "implicit-mx";
    case MailHosts::null_mx:
      return "null-mx";
    case MailHosts::none:
      return "none";
    case MailHosts::literal:
      return "literal";
  }
  return "";
}

io::Task<AddressCheck> check_address(dns::Resolver& resolver, std::string text, Instant deadline) {
  AddressCheck check;
  const auto is_no_address = [&check](const std::string& words) {
    check.mailbox.reset();
    check.hosts = MailHosts::none;
    check.reasons.push_back({"syntax", words});
    check.is_undeliverable = true;
  };
  // A keyboard puts a blank behind a word, and a form a line end.
  std::string_view given = text;
  while (given.ends_with('\n') || given.ends_with('\r')) given.remove_suffix(1);
  auto mailbox = smtp::parse_mailbox(base::trim(given), smtp::Characters::utf8);
  if (!mailbox) {
    is_no_address(mailbox.error().message());
    co_return check;
  }
  if (mailbox->local_part.size() > local_part_octets_max) {
    is_no_address(
        fmt::format("the part in front of the @ has more than {} octets", local_part_octets_max));
    co_return check;
  }
  check.mailbox = *std::move(mailbox);
  check.is_role = is_role(check.mailbox->local_part);
  if (check.mailbox->domain.starts_with('[')) {
    check.hosts = MailHosts::literal;
    co_return check;
  }
  auto labels = dns::to_a_labels(check.mailbox->domain);
  auto domain = labels ? dns::normalize_name(*labels) : std::move(labels);
  if (!domain) {
    is_no_address(domain.error().message());
    co_return check;
  }
  if (domain->find('.') == std::string::npos) {
    is_no_address("\"" + *domain + "\" is no domain that others can write to");
    co_return check;
  }
  check.meant = meant_address(*check.mailbox);
  DomainLook look(resolver, *std::move(domain), deadline, check);
  co_await look.run();
  co_return check;
}

}  // namespace waypost::api
