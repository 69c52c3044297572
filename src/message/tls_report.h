#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "message/mime.h"

namespace waypost::message {

struct TlsFailure {
  std::string result;  // "certificate-expired" ... (RFC 8460 §4.3)
  std::string sending_ip;
  std::string receiving_host;
  std::string receiving_ip;
  uint64_t sessions = 0;
  std::string reason;  // in the reporter's words
};

struct TlsPolicy {
  std::string type;  // "sts", "tlsa", "no-policy-found"
  std::string domain;
  uint64_t successes = 0;
  uint64_t failures = 0;
  std::vector<TlsFailure> details;
};

// A report of how TLS to our mail hosts went (RFC 8460 §4).
struct TlsReport {
  std::string organisation;
  std::string contact;
  std::string report_id;
  std::string begin;  // RFC 3339, as it stands
  std::string end;
  std::vector<TlsPolicy> policies;
};

inline constexpr size_t tls_report_octets_max = 8 << 20;  // unpacked
inline constexpr size_t tls_policies_max = 10'000;
inline constexpr size_t tls_failures_max = 10'000;  // of one policy

// JSON, or a gzip file of it. invalid_input when it is no such report.
base::Result<TlsReport> read_tls_report(std::string_view octets);

// The one that a message carries (RFC 8460 §5.3); none when no part is one by its type.
std::optional<base::Result<TlsReport>> tls_report_of(const MimeMessage& message);

}  // namespace waypost::message
