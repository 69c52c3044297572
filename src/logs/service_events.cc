#include "logs/service_events.h"

#include <optional>

#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/json_member.h"
#include "base/time.h"

namespace waypost::logs {
namespace {

namespace json = boost::json;
using base::json_member;

// A number as it would be written.
std::string text(const json::value& value, std::string_view name) {
  const json::value* found = json_member(value, name);
  const int64_t* number = found == nullptr ? nullptr : found->if_int64();
  return number == nullptr ? base::json_text(value, name) : std::to_string(*number);
}

// Seconds since 1970, whole or not, as RFC 3339; a text as it is.
std::string time_text(const json::value& value, std::string_view name) {
  const json::value* found = json_member(value, name);
  if (found == nullptr) return {};
  if (const json::string* string = found->if_string()) return std::string(*string);
  double seconds = 0;
  if (const int64_t* whole = found->if_int64()) seconds = double(*whole);
  if (const double* real = found->if_double()) seconds = *real;
  constexpr double years_9999 = 253'402'300'799.0;
  if (!(seconds > 0 && seconds < years_9999)) return {};
  return base::to_rfc3339(WallTime(std::chrono::microseconds(int64_t(seconds * 1e6))));
}

// "smtp; 550 5.1.1 no" -> "550 5.1.1 no".
std::string without_type(std::string code) {
  if (base::starts_with_ignoring_case(code, "smtp;")) code.erase(0, 5);
  return std::string(base::trim(code));
}

using Found = std::optional<ServiceEvent>;

Found read_sendgrid(const json::value& value) {
  std::string event = text(value, "event");
  ServiceEvent found;
  if (event == "delivered")
    found.fate = Fate::delivered;
  else if (event == "deferred")
    found.fate = Fate::deferred;
  else if (event == "bounce" || event == "dropped" || event == "blocked")
    found.fate = Fate::bounced;
  else
    return std::nullopt;
  found.recipient = text(value, "email");
  if (found.recipient.empty()) return std::nullopt;
  found.time = time_text(value, "timestamp");
  found.reply = text(value, event == "deferred" ? "response" : "reason");
  return found;
}

Found read_mailgun(const json::value& outer) {
  const json::value* inner = json_member(outer, "event-data");
  const json::value& value = inner == nullptr ? outer : *inner;
  std::string event = text(value, "event");
  const json::value* status = json_member(value, "delivery-status");
  if (status == nullptr || (event != "delivered" && event != "failed")) return std::nullopt;
  ServiceEvent found;
  bool is_final = text(value, "severity") != "temporary";
  found.fate = event == "delivered" ? Fate::delivered : is_final ? Fate::bounced : Fate::deferred;
  found.recipient = text(value, "recipient");
  found.time = time_text(value, "timestamp");
  found.host = text(*status, "mx-host");
  found.reply = text(*status, "message");
  if (found.reply.empty()) found.reply = text(*status, "description");
  std::string code = text(*status, "code");
  if (code.size() == 3 && !found.reply.starts_with(code)) found.reply = code + " " + found.reply;
  return found;
}

Found read_postmark(const json::value& value) {
  std::string type = text(value, "RecordType");
  ServiceEvent found;
  if (type == "Delivery") {
    found.recipient = text(value, "Recipient");
    found.time = text(value, "DeliveredAt");
    return found;
  }
  // The list of bounces that the API hands out need not name their kind.
  if (type != "Bounce" && (!type.empty() || text(value, "BouncedAt").empty())) return std::nullopt;
  std::string kind = text(value, "Type");
  bool is_transient = kind == "Transient" || kind == "SoftBounce" || kind == "DnsError";
  found.fate = is_transient ? Fate::deferred : Fate::bounced;
  found.recipient = text(value, "Email");
  found.time = text(value, "BouncedAt");
  found.reply = without_type(text(value, "Details"));
  if (found.reply.empty()) found.reply = text(value, "Description");
  return found;
}

Found read_own(const json::value& value) {
  if (json_member(value, "v") == nullptr) return std::nullopt;
  std::string event = text(value, "event");
  ServiceEvent found;
  if (event == "delivered")
    found.fate = Fate::delivered;
  else if (event == "deferred")
    found.fate = Fate::deferred;
  else if (event == "bounced" || event == "expired")
    found.fate = Fate::bounced;
  else
    return std::nullopt;
  const json::value* recipients = json_member(value, "recipients");
  const json::array* list = recipients == nullptr ? nullptr : recipients->if_array();
  if (list != nullptr && !list->empty() && list->front().is_string())
    found.recipient = std::string(list->front().get_string());
  found.time = text(value, "at");
  found.reply = text(value, "reply");
  found.host = text(value, "host");
  return found;
}

// Without the words of a server, such as for an address that SES itself suppresses, its own words.
std::string ses_reply(const json::value& detail, const json::value& recipient, bool is_bounce) {
  std::string said = without_type(text(recipient, "diagnosticCode"));
  if (!said.empty()) return said;
  if (!is_bounce) return "Amazon SES: " + text(detail, "delayType");
  return "Amazon SES: " + text(detail, "bounceType") + " " + text(detail, "bounceSubType");
}

// One event for each recipient of a notification of Amazon SES.
bool read_ses(const json::value& value, std::vector<ServiceEvent>& events) {
  std::string type = text(value, "eventType");
  if (type.empty()) type = text(value, "notificationType");
  if (type == "Delivery") {
    const json::value* delivery = json_member(value, "delivery");
    const json::value* list = delivery == nullptr ? nullptr : json_member(*delivery, "recipients");
    if (list == nullptr || !list->is_array()) return true;
    for (const json::value& one : list->get_array())
      if (one.is_string())
        events.push_back(
            {Fate::delivered, text(*delivery, "timestamp"), std::string(one.get_string()), {}, {}});
    return true;
  }
  bool is_bounce = type == "Bounce";
  if (!is_bounce && type != "DeliveryDelay") return !type.empty();
  const json::value* detail = json_member(value, is_bounce ? "bounce" : "deliveryDelay");
  if (detail == nullptr) return true;
  const json::value* list =
      json_member(*detail, is_bounce ? "bouncedRecipients" : "delayedRecipients");
  if (list == nullptr || !list->is_array()) return true;
  for (const json::value& one : list->get_array())
    events.push_back({is_bounce ? Fate::bounced : Fate::deferred,
                      text(*detail, "timestamp"),
                      text(one, "emailAddress"),
                      {},
                      ses_reply(*detail, one, is_bounce)});
  return true;
}

constexpr size_t wrapping_max = 4;

void read_object(const json::value& value, std::vector<ServiceEvent>& events, size_t wrapped);

void read_list(const json::value& value, std::vector<ServiceEvent>& events, size_t wrapped) {
  if (const json::array* list = value.if_array())
    for (const json::value& one : *list) read_object(one, events, wrapped);
  else
    read_object(value, events, wrapped);
}

// What holds events: a page of Mailgun's or Postmark's API, a call of Lambda, an event of
// EventBridge, a notification of SNS, which is JSON in a text.
bool read_wrapped(const json::value& value, std::vector<ServiceEvent>& events, size_t wrapped) {
  if (wrapped == wrapping_max) return false;
  for (const char* name : {"items", "Bounces", "Records", "Sns", "detail"})
    if (const json::value* inner = json_member(value, name);
        inner != nullptr && (inner->is_array() || inner->is_object())) {
      read_list(*inner, events, wrapped + 1);
      return true;
    }
  std::string inner = text(value, "Message");
  if (!inner.starts_with('{')) return false;
  json::error_code error;
  json::value message = json::parse(inner, error);
  if (!error) read_object(message, events, wrapped + 1);
  return true;
}

void read_object(const json::value& value, std::vector<ServiceEvent>& events, size_t wrapped) {
  if (!value.is_object() || read_wrapped(value, events, wrapped) || read_ses(value, events)) return;
  for (Found (*read)(const json::value&) : {read_own, read_mailgun, read_postmark, read_sendgrid})
    if (Found found = read(value)) {
      events.push_back(*std::move(found));
      return;
    }
}

}  // namespace

std::optional<std::vector<ServiceEvent>> read_service_events(std::string_view document) {
  json::error_code error;
  json::value value = json::parse(document, error);
  if (error) return std::nullopt;
  std::vector<ServiceEvent> events;
  read_list(value, events, 0);
  return events;
}

}  // namespace waypost::logs
