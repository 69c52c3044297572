#include "message/received_dmarc.h"

#include "message/mime.h"

namespace waypost::message {
namespace {

base::Result<ReceivedDmarc> read_message(std::string_view octets) {
  const MimeMessage message = read_mime(octets);
  if (auto report = dmarc_report_of(message)) {
    if (!*report) return failure(std::move(*report).error());
    return **std::move(report);
  }
  auto feedback = feedback_report_of(message);
  if (!feedback) return failure(ErrorCode::invalid_input, "the message carries no DMARC report");
  if (feedback->type != "auth-failure")
    return failure(ErrorCode::invalid_input, "the message is a complaint (" + feedback->type +
                                                 "), no DMARC report: `waypost explain` reads it");
  return *std::move(feedback);
}

}  // namespace

base::Result<ReceivedDmarc> read_received_dmarc(std::string_view octets) {
  constexpr size_t header_octets = 64 * 1024;
  if (begins_with_header(octets.substr(0, header_octets))) return read_message(octets);
  TRY(DmarcReport report, read_dmarc_report(octets));
  return report;
}

std::vector<std::string_view> messages_of_mbox(std::string_view octets) {
  constexpr std::string_view separator = "\nFrom ";
  std::vector<std::string_view> messages;
  if (!octets.starts_with(separator.substr(1))) return {octets};
  while (!octets.empty() && messages.size() < mbox_messages_max) {
    const size_t end = octets.find(separator);
    messages.push_back(octets.substr(0, end));
    octets = end == std::string_view::npos ? std::string_view() : octets.substr(end + 1);
  }
  return messages;
}

}  // namespace waypost::message
