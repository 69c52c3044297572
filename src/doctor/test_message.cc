#include "doctor/test_message.h"

#include <fmt/format.h>

namespace waypost::doctor {

TestMessage make_test_message(std::string_view sender, std::string_view recipient,
                              std::string_view our_name, WallTime now, uint64_t unique) {
  TestMessage message;
  std::string_view domain = our_name;
  if (size_t at = sender.rfind('@'); at != std::string_view::npos) domain = sender.substr(at + 1);
  message.token = fmt::format("waypost-doctor-{:016x}", unique);
  message.id = fmt::format("<{}@{}>", message.token, domain);
  std::string from(sender);
  if (from.empty()) from = fmt::format("postmaster@{}", our_name);
  message.content = fmt::format(
      "From: {}\r\n"
      "To: {}\r\n"
      "Subject: Test message of waypost doctor\r\n"
      "Date: {}\r\n"
      "Message-ID: {}\r\n"
      "MIME-Version: 1.0\r\n"
      "Content-Type: text/plain; charset=utf-8\r\n"
      "Auto-Submitted: auto-generated\r\n"
      "X-Waypost-Doctor: {}\r\n"
      "\r\n"
      "Somebody who sets up sending mail ran `waypost doctor --send`, and this\r\n"
      "message shows that it works. Nothing needs to be done.\r\n",
      from, recipient, base::to_rfc5322_date(now), message.id, message.token);
  message.octets = message.content.size();
  return message;
}

}  // namespace waypost::doctor
