#include "message/feedback_report.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "message/address_list.h"
#include "message/header_block.h"
#include "message/report_fields.h"

namespace waypost::message {
namespace {

void add_recipient(FeedbackReport& report, std::string_view value) {
  std::string address = report_address(value);
  bool is_new = std::find(report.recipients.begin(), report.recipients.end(), address) ==
                report.recipients.end();
  if (address.find('@') != std::string::npos && is_new &&
      report.recipients.size() < complainants_max)
    report.recipients.push_back(std::move(address));
}

void take(const ReportField& field, FeedbackReport& report) {
  auto set = [&](std::string_view name, std::string FeedbackReport::*member) {
    if (field.name == name && (report.*member).empty()) report.*member = field.value;
  };
  set("user-agent", &FeedbackReport::user_agent);
  set("source-ip", &FeedbackReport::source_ip);
  set("arrival-date", &FeedbackReport::arrival_date);
  set("received-date", &FeedbackReport::arrival_date);
  set("auth-failure", &FeedbackReport::auth_failure);
  set("delivery-result", &FeedbackReport::delivery_result);
  set("identity-alignment", &FeedbackReport::alignment);
  if (field.name == "feedback-type") report.type = base::to_lower(field.value);
  if (field.name == "original-mail-from") report.mail_from = report_address(field.value);
  if (field.name == "reporting-mta") report.reporting_mta = without_type(field.value);
  if (field.name == "reported-domain") report.domains.push_back(field.value);
  if (field.name == "original-rcpt-to" || field.name == "removal-recipient")
    add_recipient(report, field.value);
  if (field.name == "incidents")
    std::from_chars(field.value.data(), field.value.data() + field.value.size(), report.incidents);
}

// The header of the message that the complaint is about; empty when it is not there.
std::string_view returned_header(const MimeMessage& message) {
  for (const MimePart& part : message.parts) {
    bool is_message = part.type == "message/rfc822" || part.type == "message/global" ||
                      part.type.starts_with("text/rfc822-header") ||
                      part.type == "message/global-headers";
    if (is_message && part.messages == 0) return part.content;
  }
  return {};
}

void take_returned(std::string_view octets, FeedbackReport& report) {
  HeaderBlock header = scan_header_block(octets);
  if (const HeaderField* id = header.find("Message-ID")) report.message_id = unfold(id->value);
  if (const HeaderField* path = header.find("Return-Path"))
    report.return_path = report_address(unfold(path->value));
  if (!report.recipients.empty()) return;
  const HeaderField* to = header.find("To");
  if (to == nullptr) return;
  if (auto addresses = parse_address_list(to->value))
    for (const std::string& address : *addresses) add_recipient(report, address);
}

const MimePart* report_part(const MimeMessage& message) {
  for (const MimePart& part : message.parts)
    if (part.messages == 0 && part.type == "message/feedback-report") return &part;
  if (message.report_type != "feedback-report") return nullptr;
  for (const MimePart& part : message.parts)
    if (part.messages == 0 && part.content.find("Feedback-Type:") != std::string::npos)
      return &part;
  return nullptr;
}

}  // namespace

std::optional<FeedbackReport> feedback_report_of(const MimeMessage& message) {
  const MimePart* part = report_part(message);
  if (part == nullptr) return std::nullopt;
  FeedbackReport report;
  for (const FieldGroup& group : read_report_fields(part->content))
    for (const ReportField& field : group.fields) take(field, report);
  if (report.type.empty()) report.type = "other";
  take_returned(returned_header(message), report);
  return report;
}

}  // namespace waypost::message
