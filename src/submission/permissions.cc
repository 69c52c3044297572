#include "submission/permissions.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/ascii.h"
#include "dns/idn.h"

namespace waypost::submission {
namespace {

constexpr smtp::EnhancedCode not_authorised{5, 7, 1};

// As the name system knows it; empty when it knows no such name, which no pattern has.
std::string comparable(const std::string& domain) {
  Result<std::string> labels = dns::to_a_labels(domain);
  if (!labels) return {};
  Result<std::string> checked = smtp::parse_domain(*labels);
  return checked ? *std::move(checked) : std::string();
}

// Signs by which some server behind us might take a local part for an address of its own: the
// percent hack, a bang path, an address in quotes.
bool names_another_hop(std::string_view local_part) {
  return local_part.find_first_of("@%!") != std::string_view::npos;
}

bool has_mailbox(const Inbound& inbound, std::string_view local_part) {
  if (base::equals_ignoring_case(local_part, "postmaster")) return true;
  return std::any_of(inbound.local_parts.begin(), inbound.local_parts.end(),
                     [&](const std::string& taken) {
                       return taken == "*" || base::equals_ignoring_case(local_part, taken);
                     });
}

}  // namespace

Result<intake::DomainPatterns> sender_patterns(const std::vector<std::string>& domains) {
  intake::DomainPatterns patterns;
  for (const std::string& domain : domains) {
    const std::string_view below = domain.starts_with("*.") ? "*." : "";
    TRY(std::string labels, dns::to_a_labels(std::string_view(domain).substr(below.size())));
    patterns.push_back(std::string(below) + base::to_lower(labels));
  }
  return patterns;
}

std::optional<smtp::Reply> refuse_sender(const std::optional<intake::DomainPatterns>& allowed,
                                         const std::optional<smtp::Mailbox>& sender) {
  if (!allowed || !sender) return std::nullopt;
  if (intake::may_send_as(allowed, comparable(sender->domain))) return std::nullopt;
  return smtp::reply(
      553, not_authorised,
      fmt::format("Sender not owned by this login; its domains: {}",
                  allowed->empty() ? "none" : fmt::to_string(fmt::join(*allowed, ", "))));
}

std::optional<smtp::Reply> refuse_stranger(const std::vector<Inbound>& inbound,
                                           const smtp::Mailbox& recipient) {
  const std::string domain = comparable(recipient.domain);
  const auto ours = std::find_if(inbound.begin(), inbound.end(), [&](const Inbound& candidate) {
    return std::find(candidate.domains.begin(), candidate.domains.end(), domain) !=
           candidate.domains.end();
  });
  if (ours == inbound.end() || names_another_hop(recipient.local_part))
    return smtp::reply(550, not_authorised,
                       "Relaying denied: log in, or write to a domain of this server");
  if (!has_mailbox(*ours, recipient.local_part))
    return smtp::reply(550, {5, 1, 1}, "There is no such mailbox here");
  return std::nullopt;
}

std::optional<smtp::Reply> refuse_unknown_script(const smtp::Mailbox& mailbox,
                                                 smtp::EnhancedCode enhanced) {
  if (mailbox.is_ascii() || !comparable(mailbox.domain).empty()) return std::nullopt;
  return smtp::reply(501, enhanced, "Bad address syntax: the domain is no internationalized name");
}

}  // namespace waypost::submission
