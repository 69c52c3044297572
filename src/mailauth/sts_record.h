#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::mailauth {

// The TXT record at "_mta-sts" below a domain, which says that there is a policy (RFC 8461 §3.1).
struct StsRecord {
  std::string text;  // as published
  std::string id;    // of the policy: 1 to 32 letters and digits
};

// Whether a TXT record counts as one: it begins with "v=STSv1;", exactly so.
bool is_sts_record(std::string_view text);
// Whether it was probably meant as one, and does not count: "v=stsv1", a space too much.
bool is_nearly_sts_record(std::string_view text);

// Other fields than v and id are passed over; of two ids the first counts. Fails with invalid_input
// and what is wrong, for people: senders then act as if there were none.
Result<StsRecord> parse_sts_record(std::string_view text);

}  // namespace waypost::mailauth
