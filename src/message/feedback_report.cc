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

bool is_returned_message(const MimePart& part) {
  return part.type == "message/rfc822" || part.type == "message/global" ||
         part.type.starts_with("text/rfc822-header") || part.type == "message/global-headers";
}

// The header of the message that the complaint is about; empty when it is not there.
std::string_view returned_header(const MimeMessage& message, size_t messages) {
  for (const MimePart& part : message.parts)
    if (is_returned_message(part) && part.messages == messages) return part.content;
  return {};
}

// "<https://x>, <mailto:leave@a.example?subject=b>" -> "leave@a.example".
std::string mailto_of(std::string_view field) {
  constexpr std::string_view scheme = "mailto:";
  const size_t at = base::to_lower(field).find(scheme);
  if (at == std::string_view::npos) return {};
  field.remove_prefix(at + scheme.size());
  return std::string(base::trim(field.substr(0, field.find_first_of("?>,"))));
}

void take_returned(std::string_view octets, FeedbackReport& report) {
  HeaderBlock header = scan_header_block(octets);
  if (const HeaderField* id = header.find("Message-ID")) report.message_id = unfold(id->value);
  if (const HeaderField* path = header.find("Return-Path"))
    report.return_path = report_address(unfold(path->value));
  if (const HeaderField* list = header.find("List-Unsubscribe"))
    report.unsubscribe = mailto_of(unfold(list->value));
  if (!report.recipients.empty()) return;
  const HeaderField* to = header.find("To");
  if (to == nullptr) return;
  if (auto addresses = parse_address_list(to->value))
    for (const std::string& address : *addresses) add_recipient(report, address);
}

bool has_field(std::string_view text, std::string_view name) {
  return text.starts_with(name) || text.find("\n" + std::string(name)) != std::string_view::npos;
}

const MimePart* report_part(const MimeMessage& message) {
  for (size_t messages : {0, 1})
    for (const MimePart& part : message.parts)
      if (part.messages == messages && part.type == "message/feedback-report") return &part;
  for (const MimePart& part : message.parts) {
    if (part.messages != 0) continue;
    const bool is_marked = message.report_type == "feedback-report" &&
                           part.content.find("Feedback-Type:") != std::string::npos;
    const bool is_plain = part.type == "text/plain" && has_field(part.content, "Feedback-Type:") &&
                          has_field(part.content, "User-Agent:");
    if (is_marked || is_plain) return &part;
  }
  return nullptr;
}

// Microsoft's Junk Mail Reporting Program: the message itself, with who complained in its header.
std::optional<FeedbackReport> jmrp_report_of(const MimeMessage& message) {
  const std::string_view returned = returned_header(message, 0);
  if (returned.empty()) return std::nullopt;
  HeaderBlock header = scan_header_block(returned);
  const HeaderField* complainant = header.find("X-HmXmrOriginalRecipient");
  if (complainant == nullptr) return std::nullopt;
  FeedbackReport report;
  report.type = "abuse";
  report.user_agent = "JMRP";
  add_recipient(report, unfold(complainant->value));
  take_returned(returned, report);
  return report;
}

// X-ARF 0.1: the fields stand in the second text, "report.txt".
std::optional<FeedbackReport> x_arf_report_of(const MimeMessage& message) {
  if (message.field("X-ARF").empty() && message.field("X-XARF").empty()) return std::nullopt;
  for (const MimePart& part : message.parts) {
    if (part.messages != 0 || !has_field(part.content, "Report-Type:")) continue;
    FeedbackReport report;
    for (const FieldGroup& group : read_report_fields(part.content)) {
      if (auto type = group.find("report-type"); !type.empty()) report.type = base::to_lower(type);
      if (auto agent = group.find("user-agent"); !agent.empty()) report.user_agent = agent;
      if (auto source = group.find("source"); !source.empty()) report.source_ip = source;
    }
    // What else is reported so, such as attacks on logins, is about no message.
    if (report.type != "spam") return std::nullopt;
    report.type = "abuse";
    take_returned(returned_header(message, 0), report);
    return report;
  }
  return std::nullopt;
}

}  // namespace

std::optional<FeedbackReport> feedback_report_of(const MimeMessage& message) {
  const MimePart* part = report_part(message);
  if (part == nullptr) {
    auto report = jmrp_report_of(message);
    return report ? report : x_arf_report_of(message);
  }
  FeedbackReport report;
  for (const FieldGroup& group : read_report_fields(part->content))
    for (const ReportField& field : group.fields) take(field, report);
  if (report.type.empty()) report.type = "other";
  take_returned(returned_header(message, part->messages), report);
  return report;
}

}  // namespace waypost::message
