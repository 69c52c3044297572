#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "message/mime.h"

// Delivery status notifications read (RFC 3464, RFC 6533). dsn_writer.h writes them.
namespace waypost::message {

// RFC 3464 §2.3.3. `relayed` and `expanded` say that no report of the final delivery will come.
enum class ReportedAction { not_stated, failed, delayed, delivered, relayed, expanded };
std::string_view name(ReportedAction action);  // "failed"; empty for not_stated
// By its first word, in any case.
ReportedAction parse_reported_action(std::string_view value);

struct ReportedRecipient {
  std::string address;   // the final recipient, else the original one; empty: neither is named
  std::string original;  // as it was first given, where that differs
  // The fields tell of what the address led to: another address, a file, a program.
  bool is_passed_on = false;
  ReportedAction action = ReportedAction::not_stated;
  std::string status;      // "5.1.1"; empty: not stated (RFC 3464 §2.3.4)
  std::string diagnostic;  // what the remote host said, without its type
  bool is_reply = false;   // the diagnostic is of type smtp or lmtp, or states no type
  std::string remote_mta;
  std::string will_retry_until;  // as it stands
};

struct DeliveryReport {
  std::string reporting_mta;
  std::string envelope_id;
  std::string arrival_date;  // as it stands
  std::vector<ReportedRecipient> recipients;
};

inline constexpr size_t reported_recipients_max = 5000;

// From the text of a message/delivery-status part, or any text with its fields. None when no field
// of a recipient is in it. Recipients that stand without a blank line between them are told apart.
std::optional<DeliveryReport> read_delivery_report(std::string_view text);

// The one of a message: of its message/delivery-status or message/global-delivery-status parts,
// those of the message itself before those of a message inside of it.
std::optional<DeliveryReport> delivery_report_of(const MimeMessage& message);

// The first "5.1.1" of a text, by itself between other octets than digits and dots; empty: none.
std::string_view first_status(std::string_view text);

}  // namespace waypost::message
