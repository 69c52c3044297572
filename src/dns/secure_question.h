#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "dns/resolver.h"
#include "io/loop.h"
#include "io/network.h"

namespace waypost::dns {

// What the asked resolver says of an answer's signatures (RFC 4035 §4.3).
enum class Trust {
  secure,    // it has validated the answer (AD, RFC 6840 §5.8)
  insecure,  // it does not say so: the zone is not signed, or this resolver validates nothing
  bogus,     // it has data, and gives them only to who wants nothing checked (CD)
};

struct SecureAnswer {
  AnswerStatus status = AnswerStatus::no_such_record;
  Trust trust = Trust::insecure;
  std::string canonical_name;      // the end of the CNAME chain, lower case, no final dot
  std::vector<std::string> rdata;  // of that name and the asked type, at most 64

  bool is_secure() const { return trust == Trust::secure; }
};

struct SecureQuestion {
  std::string name;  // "" is the root
  uint16_t type = 0;
};

// Asks the first of `servers` that answers over TCP (RFC 7766), of at most three, each for
// `patience`. A resolver library without a trust anchor of its own cannot tell what its server
// validated; this can, as far as that server and the way to it are trusted (RFC 6698 §A.3). Fails
// with dns where a server says that it cannot answer, checked or not; else as exchange() does.
io::Task<Result<SecureAnswer>> ask_securely(io::Loop& loop, io::Network& network,
                                            std::vector<Endpoint> servers, SecureQuestion question,
                                            Duration patience);

}  // namespace waypost::dns
