#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/clock.h"

namespace waypost::tls {

struct KeyPair {
  std::string certificate_pem;
  std::string key_pem;  // not encrypted: a file of it belongs to its owner only (mode 0600)
};

// A certificate that vouches for itself, with a new P-256 key: for the demo, for tests, and for a
// first start without a certificate. `names` are host names or IP addresses, at least one, each at
// most 253 octets of ASCII. Valid from an hour before now, since clocks differ.
Result<KeyPair> make_self_signed(const std::vector<std::string>& names, std::chrono::days validity,
                                 io::Clock& clock);

}  // namespace waypost::tls
