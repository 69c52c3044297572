#pragma once

#include <cstdint>
#include <string>

#include "base/ip_address.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/network.h"

namespace waypost::dns {

// What one name server said itself, before any resolver of ours has judged it.
struct DirectAnswer {
  static constexpr int no_error = 0;
  static constexpr int server_failure = 2;
  static constexpr int no_such_name = 3;
  static constexpr int refused = 5;

  int rcode = no_error;    // RFC 1035 §4.1.1
  bool authentic = false;  // it says that it validated the answer (AD, RFC 6840 §5.8)
  unsigned answers = 0;    // records in the answer section
  std::string alias = {};  // where the CNAME record of the name leads; "" where there is none
};

struct DirectQuestion {
  static constexpr uint16_t type_a = 1;
  static constexpr uint16_t type_ns = 2;
  static constexpr uint16_t type_cname = 5;
  static constexpr uint16_t type_aaaa = 28;

  std::string name;  // "" for the root
  uint16_t type = type_a;
  bool checking_disabled = false;  // CD: give what you have, validated or not (RFC 4035 §3.2.2)
};

// Asks one server over TCP (RFC 7766), to tell what a resolver in between hides: a validating
// server answers SERVFAIL to a bogus name, and the data where checking is disabled. Fails as
// Network::connect() and Stream do, and with `protocol` for what is no answer to the question.
// Nobody who is not connected by `connected_by` is waited for until the deadline.
io::Task<Result<DirectAnswer>> ask_directly(io::Loop& loop, io::Network& network, Endpoint server,
                                            DirectQuestion question, Instant deadline,
                                            Instant connected_by = Instant::max());

}  // namespace waypost::dns
