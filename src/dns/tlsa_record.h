#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::dns {

// What a certificate is tied to (RFC 6698 §2.1).
struct TlsaRecord {
  uint8_t usage = 0;          // 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE
  uint8_t selector = 0;       // 0 the whole certificate, 1 its public key
  uint8_t matching_type = 0;  // 0 the octets themselves, 1 their SHA-256, 2 their SHA-512
  std::string data;

  // As zone files have it, "3 1 1 0a1b...", with at most `digits_max` digits of the data.
  std::string text(size_t digits_max = 128) const;
  bool operator==(const TlsaRecord&) const = default;
};

// Three octets and at least one of data (RFC 6698 §2.1); fails with ErrorCode::dns. Whether anybody
// can use it is another question.
Result<TlsaRecord> parse_tlsa_rdata(std::string_view rdata);

// Where the record of a service over TCP stands (RFC 6698 §3): "_25._tcp.mx.example.com".
std::string tlsa_name(uint16_t port, std::string_view host);

}  // namespace waypost::dns
