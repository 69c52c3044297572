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
  other,
};

// What a server's certificate says, and all that is wrong with it, not only what is found first.
// Texts are for people, at most 512 octets each, with control octets escaped.
struct CertificateReport {
  struct Item {
    CertificateProblem problem = CertificateProblem::other;
    std::string whose;  // the subject of the certificate that it is about, in the chain
    std::string text;   // as OpenSSL says it
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

  bool has(CertificateProblem problem) const;
  const Item* find(CertificateProblem problem) const;
};

}  // namespace waypost::tls
