#include "guard/refusal.h"

#include <array>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::guard {
namespace {

struct CodeOfReason {
  std::string_view reason;
  smtp::EnhancedCode code;
};

// What is wrong with the address says so in the words of whoever would have refused it: RFC 3463
// §3.2 for the mailbox (5.1.1 no such mailbox, 5.1.2 no such system, 5.1.6 it has moved) and §3.3
// (5.2.1 disabled), RFC 7505 §4.2 for a domain that takes no mail (5.1.10). What a person wants is
// policy: RFC 3463 §3.8, 5.7.1.
constexpr std::array<CodeOfReason, 5> codes{{{"recipient-unknown", {5, 1, 1}},
                                             {"recipient-disabled", {5, 2, 1}},
                                             {"recipient-moved", {5, 1, 6}},
                                             {"domain-not-found", {5, 1, 2}},
                                             {"no-mx", {5, 1, 10}}}};
constexpr smtp::EnhancedCode by_policy{5, 7, 1};

smtp::EnhancedCode code_of(std::string_view reason) {
  for (const CodeOfReason& one : codes)
    if (one.reason == reason) return one.code;
  return by_policy;
}

}  // namespace

std::string told_of(const Suppressed& suppressed, std::string_view address) {
  return fmt::format("suppressed: {} since {}; waypost suppressions show {}", suppressed.reason,
                     base::to_rfc3339(suppressed.since).substr(0, 10), address);
}

smtp::Reply refusal_of(const Suppressed& suppressed, std::string_view address) {
  return smtp::reply(550, code_of(suppressed.reason), told_of(suppressed, address));
}

}  // namespace waypost::guard
