#include "bounces/ses_notification.h"

#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/json_member.h"
#include "bounces/reply_words.h"

namespace waypost::bounces {
namespace {

namespace json = boost::json;
using base::json_member;
using base::json_text;
using message::ReportedAction;

// The object at the start; lines that the mail was broken into are joined.
std::optional<json::value> first_object(std::string_view octets) {
  std::string joined;
  for (char c : octets)
    if (c != '\n' && c != '\r') joined += c;
  json::stream_parser parser;
  json::error_code error;
  parser.write_some(joined, error);
  if (error || !parser.done()) return std::nullopt;
  return parser.release();
}

template <class Take>
void each_recipient(const json::value& value, std::string_view name, Take take) {
  const json::value* found = json_member(value, name);
  const json::array* array = found == nullptr ? nullptr : found->if_array();
  if (array == nullptr) return;
  for (const json::value& one : *array) {
    if (const json::string* address = one.if_string())
      take(std::string(*address), json::value());
    else
      take(json_text(one, "emailAddress"), one);
  }
}

void take_bounce(const json::value& bounce, Incoming& incoming) {
  incoming.kind = Kind::bounce;
  std::string remote = json_text(bounce, "reportingMTA");
  each_recipient(bounce, "bouncedRecipients", [&](std::string address, const json::value& one) {
    Recipient recipient;
    recipient.address = std::move(address);
    recipient.action = message::parse_reported_action(json_text(one, "action"));
    if (recipient.action == ReportedAction::not_stated) recipient.action = ReportedAction::failed;
    std::string code = json_text(one, "diagnosticCode");
    if (base::starts_with_ignoring_case(code, "smtp;")) code.erase(0, 5);
    recipient.reply = on_one_line(code);
    recipient.status = json_text(one, "status");
    incoming.recipients.push_back(std::move(recipient));
  });
}

void take_complaint(const json::value& complaint, Incoming& incoming) {
  incoming.kind = Kind::arf;
  message::FeedbackReport report;
  report.type = json_text(complaint, "complaintFeedbackType");
  if (report.type.empty()) report.type = "abuse";
  report.user_agent = json_text(complaint, "userAgent");
  each_recipient(complaint, "complainedRecipients", [&](std::string address, const json::value&) {
    report.recipients.push_back(address);
    Recipient recipient;
    recipient.address = std::move(address);
    incoming.recipients.push_back(std::move(recipient));
  });
  incoming.complaint = std::move(report);
}

void take_delivery(const json::value& delivery, Incoming& incoming) {
  incoming.kind = Kind::bounce;
  each_recipient(delivery, "recipients", [&](std::string address, const json::value&) {
    Recipient recipient;
    recipient.address = std::move(address);
    recipient.action = ReportedAction::delivered;
    recipient.reply = on_one_line(json_text(delivery, "smtpResponse"));
    recipient.status = status_in(recipient.reply);
    incoming.recipients.push_back(std::move(recipient));
  });
}

}  // namespace

std::optional<Incoming> read_ses_notification(std::string_view octets) {
  size_t begin = octets.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || octets[begin] != '{') return std::nullopt;
  std::optional<json::value> value = first_object(octets.substr(begin));
  if (!value) return std::nullopt;
  std::string type = json_text(*value, "notificationType");
  if (type.empty()) type = json_text(*value, "eventType");
  Incoming incoming;
  incoming.server = "Amazon SES";
  incoming.rule = "amazon-ses";
  if (const json::value* mail = json_member(*value, "mail"))
    incoming.message_id = json_text(*mail, "messageId");
  if (const json::value* bounce = json_member(*value, "bounce");
      bounce != nullptr && type == "Bounce")
    take_bounce(*bounce, incoming);
  else if (const json::value* complaint = json_member(*value, "complaint");
           complaint != nullptr && type == "Complaint")
    take_complaint(*complaint, incoming);
  else if (const json::value* delivery = json_member(*value, "delivery");
           delivery != nullptr && type == "Delivery")
    take_delivery(*delivery, incoming);
  else
    return std::nullopt;
  if (incoming.recipients.size() > recipients_max) incoming.recipients.resize(recipients_max);
  return incoming;
}

}  // namespace waypost::bounces
