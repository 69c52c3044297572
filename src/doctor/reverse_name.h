#pragma once

#include <string>
#include <vector>

#include "doctor/lookups.h"

namespace waypost::doctor {

// Whether an address has a name that leads back to it, which receivers ask of every mail server
// (RFC 1912 §2.1; "iprev" of RFC 8601 §2.7.3).
struct ReverseName {
  enum class Kind {
    confirmed,   // `name` leads back to the address
    none,        // it has no name
    mismatched,  // it has names, none of which leads back
    unknown,     // nobody could tell
  };
  Kind kind = Kind::unknown;
  std::string name;                // the confirmed one, or the first
  std::vector<std::string> names;  // all that were looked at
  std::string leads_to;            // for a mismatch: the addresses of `name`, or "nothing"
};

// Looks at 10 names at most (RFC 7208 §4.6.4 has the same limit).
io::Task<ReverseName> look_up_reverse_name(Lookups lookups, IpAddress address);

}  // namespace waypost::doctor
