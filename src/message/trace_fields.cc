#include "message/trace_fields.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace waypost::message {
namespace {

constexpr size_t name_octets_max = 255;       // RFC 5321 §4.5.3.1.2
constexpr size_t recipient_octets_max = 254;  // RFC 5321 §4.5.3.1.3, without the brackets

// Puts words behind each other, on a new line where the current one would get too long.
class FoldedField {
 public:
  explicit FoldedField(std::string_view name) : text_(std::string(name) + ":") {}

  void add(std::string_view word) {
    const size_t columns = text_.size() - line_start_;
    if (columns + 1 + word.size() > field_line_columns_max) {
      text_ += "\r\n";
      line_start_ = text_.size();
      text_ += "   ";
    }
    text_ += ' ';
    text_ += word;
  }

  std::string finish() && { return std::move(text_) + "\r\n"; }

 private:
  std::string text_;
  size_t line_start_ = 0;
};

std::string safe_name(std::string_view name) {
  if (name.empty()) return "unknown";
  std::string safe(name.substr(0, name_octets_max));
  for (char& c : safe)
    if (!base::is_alnum(c) && std::string_view("-._[]:").find(c) == std::string_view::npos) c = '?';
  return safe;
}

bool can_stand_in_header(std::string_view recipient, bool utf8) {
  const auto may_stand = [&](char c) {
    return (c >= 0x20 && c < 0x7f) || (utf8 && static_cast<unsigned char>(c) >= 0x80);
  };
  return !recipient.empty() && recipient.size() <= recipient_octets_max &&
         std::all_of(recipient.begin(), recipient.end(), may_stand);
}

// RFC 3848 §1 names no kind of SMTP without EHLO that is secured or authenticated.
std::string protocol(const Received& received) {
  if (received.http) return "HTTP";
  if (!received.extended) return "SMTP";
  std::string name = received.smtputf8 ? "UTF8SMTP" : "ESMTP";
  if (received.tls) name += 'S';
  if (received.authenticated) name += 'A';
  return name;
}

std::string literal(const IpAddress& address) {
  return (address.is_v4() ? "[" : "[IPv6:") + address.text() + "]";
}

}  // namespace

std::string received_field(const Received& received) {
  const bool for_one =
      received.recipient && can_stand_in_header(*received.recipient, received.smtputf8);
  FoldedField field("Received");
  if (!received.local_user) {
    field.add("from " + safe_name(received.greeting_name));
    field.add("(" + literal(received.client) + ")");
  }
  field.add("by " + received.hostname);
  if (received.local_user)
    field.add("(from user " + std::to_string(*received.local_user) + ")");
  else
    field.add("with " + protocol(received));
  field.add("id " + received.id.text() + (for_one ? "" : ";"));
  if (for_one) field.add("for <" + *received.recipient + ">;");
  field.add(base::to_rfc5322_date(received.received_at));
  return std::move(field).finish();
}

std::string message_id_field(const MessageId& id, std::string_view hostname) {
  return "Message-ID: <" + id.text() + "@" + std::string(hostname) + ">\r\n";
}

std::string date_field(WallTime time) { return "Date: " + base::to_rfc5322_date(time) + "\r\n"; }

}  // namespace waypost::message
