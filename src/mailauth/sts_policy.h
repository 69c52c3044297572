#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::mailauth {

enum class StsMode {
  none,     // there is no policy any more
  testing,  // failures are reported, and mail is delivered
  enforce,  // mail is not delivered to a host that does not fit
};
std::string_view name(StsMode mode);

// What a domain wants of those that send to it: RFC 8461 §3.2.
struct StsPolicy {
  StsMode mode = StsMode::none;
  // Of mail hosts, lower case: "mx.example.com" or "*.example.com", at most 200; at least one
  // unless the mode is none.
  std::vector<std::string> patterns;
  uint32_t max_age_s = 0;

  // Whether one of the patterns names this host; "*" stands for one label (RFC 8461 §4.1).
  bool names(std::string_view host) const;
};

// Of a policy's file; senders need not read more.
inline constexpr size_t sts_policy_octets_max = 64 * 1024;

// Unknown keys are passed over; of a key that is there twice the first counts, but for mx. Fails
// with invalid_input and what is wrong, with the line, for people: senders then act as if there
// were no policy.
Result<StsPolicy> parse_sts_policy(std::string_view text);

}  // namespace waypost::mailauth
