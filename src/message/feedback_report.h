#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "message/mime.h"

namespace waypost::message {

// A complaint about a message of ours (RFC 5965; the extensions of RFC 6591 for what failed
// authentication). What is not stated is empty.
struct FeedbackReport {
  std::string type;  // "abuse", "fraud", "opt-out", "auth-failure" ..., small letters
  std::string user_agent;
  // Who complained: Original-Rcpt-To and Removal-Recipient, else the To of the returned message.
  std::vector<std::string> recipients;
  std::string mail_from;
  std::string source_ip;
  std::string arrival_date;  // as it stands
  std::string reporting_mta;
  std::vector<std::string> domains;
  std::string auth_failure;     // RFC 6591 §3.2.2: "dmarc", "bodyhash" ...
  std::string delivery_result;  // RFC 6591 §3.2.2
  std::string alignment;        // Identity-Alignment: "none", "dkim", "spf" (RFC 9991 §4)
  uint64_t incidents = 1;
  std::string message_id;   // of the returned message
  std::string return_path;  // of the returned message, an address
  // Of the returned message: the first address of its List-Unsubscribe (RFC 2369 §3.2).
  std::string unsubscribe;
};

inline constexpr size_t complainants_max = 1000;

// Also of reports that deviate: the part marked otherwise than message/feedback-report, fields in
// any order, no version, the fields in plain text, a report that somebody passes on; and of the
// forms of Microsoft's JMRP and of X-ARF 0.1 about spam. None when the message is no such report.
std::optional<FeedbackReport> feedback_report_of(const MimeMessage& message);

}  // namespace waypost::message
