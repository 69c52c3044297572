#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "message/mime.h"

namespace waypost::message {

struct DmarcSignature {
  std::string domain;
  std::string selector;
  std::string result;  // "pass", "fail" ...
};

struct DmarcRow {
  std::string source_ip;
  uint64_t count = 0;       // 0: it was not stated, or is no number up to dmarc_count_max
  std::string disposition;  // what was done: "none", "quarantine", "reject"
  std::string dkim;         // "pass" or "fail", aligned
  std::string spf;
  std::vector<std::string> overrides;  // why the policy was not followed
  std::string header_from;
  std::string envelope_from;
  std::vector<DmarcSignature> signatures;
  std::string spf_domain;
  std::string spf_result;
};

// A DMARC aggregate report (RFC 9990; also the schema of RFC 7489 appendix C and the drafts before
// it). Texts as they stand, trimmed.
struct DmarcReport {
  std::string organisation;
  std::string email;
  std::string report_id;
  int64_t begin = 0;  // seconds since 1970
  int64_t end = 0;
  std::string domain;  // whose policy
  std::string policy;
  std::string subdomain_policy;
  bool testing = false;             // t=y was published (RFC 9990 §3.1.1.5)
  std::vector<std::string> errors;  // that the reporter met, in its words
  std::vector<DmarcRow> rows;
  bool cut_off = false;  // there were more than dmarc_rows_max rows
};

inline constexpr size_t dmarc_rows_max = 100'000;
inline constexpr uint64_t dmarc_count_max = 1'000'000'000'000;
inline constexpr size_t dmarc_errors_max = 20;
inline constexpr size_t dmarc_report_octets_max = 64 << 20;  // unpacked, of one archive
inline constexpr size_t dmarc_files_max = 10'000;            // of one archive
inline constexpr size_t dmarc_depth_max = 32;
inline constexpr size_t dmarc_text_octets_max = 1024;  // of one element

// XML, or a gzip or zip archive of it, of which the first file is read. invalid_input when it is no
// such report; entities of its own are refused, for which no report has a use. What is not in the
// encoding that it says it is in, or in one that nobody knows, is read as UTF-8, with U+FFFD for
// what is none.
base::Result<DmarcReport> read_dmarc_report(std::string_view octets);

// The same of every file in the archive, and in an archive that is a file of it: one result at
// least, in their order. resource_exhausted for what is over the limits, together.
std::vector<base::Result<DmarcReport>> read_dmarc_reports(std::string_view octets);

// All that a message carries, in their order; empty when no part looks like a report. With
// `with_forwarded` also those of messages that are attached to it.
std::vector<base::Result<DmarcReport>> dmarc_reports_of(const MimeMessage& message,
                                                        bool with_forwarded);

}  // namespace waypost::message
