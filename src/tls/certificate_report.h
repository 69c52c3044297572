#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"

namespace waypost::tls {

enum class CertificateProblem {
  expired,
  not_yet_valid,
  wrong_name,        // its names are not the one that was asked for (RFC 9525 §6)
  self_signed,       // vouches for itself
  chain_incomplete,  // an authority between it and a known one was not sent
  issuer_unknown,    // the chain ends at an authority that is not trusted here
  weak_key,          // RSA under 2,048 bits, curves under 224, or a signature by MD5 or SHA-1
  other,             // it breaks another rule of RFC 5280 §6.1: Item::text says which
};

// What a server's certificate says, and all that is wrong with it, not only what is found first.
// Texts are for people, at most 512 octets each, with control octets escaped.
struct CertificateReport {
  struct Item {
    CertificateProblem problem = CertificateProblem::other;
    // The certificate that it is about, in the chain: its subject, who issued it, when it holds.
    std::string whose;
    std::string issuer;
    WallTime valid_from{};
    WallTime valid_until{};
    bool of_authority = false;  // not the server's own
    bool sent = true;           // by the server; else it stands in the list of authorities
    // As OpenSSL says it; where it is weak, what is: "a weak key, RSA 1024".
    std::string text;
  };
  bool shown = false;  // the peer sent a certificate at all
  std::string subject;
  std::string issuer;
  std::vector<std::string> names;  // DNS names and addresses that it is for, at most 20
  WallTime valid_from{};
  WallTime valid_until{};
  std::string key;        // "RSA 2048", "EC 256"
  size_t chain_sent = 0;  // certificates, its own included
  // Those that were sent, its own first, in DER; at most 10.
  std::vector<std::string> chain = {};
  std::vector<Item> problems;  // empty: it holds
  // It has no alternative name, and its common name is the host's: OpenSSL takes that, RFC 9525 §6
  // does not.
  bool only_common_name = false;

  bool has(CertificateProblem problem) const;
  const Item* find(CertificateProblem problem) const;
};

}  // namespace waypost::tls
