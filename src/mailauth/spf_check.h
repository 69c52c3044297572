#pragma once

#include <string>

#include "base/ip_address.h"
#include "base/time.h"
#include "dns/resolver.h"
#include "io/task.h"
#include "mailauth/spf_record.h"
#include "mailauth/spf_trace.h"

namespace waypost::mailauth {

// RFC 7208 §4.6.4. A receiver that allowed more would hide what other receivers refuse.
constexpr unsigned spf_lookups_max = 10;
constexpr unsigned spf_void_lookups_max = 2;
constexpr size_t spf_names_max = 10;  // of one "mx", and of a "ptr"

struct SpfQuestion {
  IpAddress ip;
  // MAIL FROM without <>. "" is the empty one, which counts as postmaster at the HELO's name (RFC
  // 7208 §2.4); without "@" all of it is the domain, and the local part is postmaster (§4.3).
  std::string sender;
  std::string helo;
  std::string domain;                // to be checked; "" is the sender's
  std::string receiver = "unknown";  // our own name, for explanations
  WallTime now{};
  bool wants_trace = true;
};

struct SpfVerdict {
  SpfResult result = SpfResult::none;
  std::string domain;       // that was checked
  std::string decided_by;   // the term that matched, as published; "" when none did
  std::string decided_in;   // the domain whose record has it
  std::string explanation;  // of a fail, as its domain words it; "" when it has no words for it
  std::string problem;      // of an error, in words
  std::string eleventh;     // the term that would have needed one lookup too many, or ""
  unsigned lookups = 0;
  unsigned void_lookups = 0;
  SpfRecordTrace trace;  // without terms unless it was wanted
};

// check_host() of RFC 7208 §4, with all limits. What the name system cannot answer until the
// deadline is a temperror; the RFC asks for 20 seconds at least. Suspends while it asks.
io::Task<SpfVerdict> check_spf(dns::Resolver& resolver, SpfQuestion question, Instant deadline);

// Whether SPF can be asked about it: two labels at least, none empty or over 63 octets (RFC 7208
// §4.3).
bool is_spf_domain(std::string_view domain);

}  // namespace waypost::mailauth
