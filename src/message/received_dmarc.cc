#include "message/received_dmarc.h"

#include "base/ascii.h"
#include "message/mime.h"

namespace waypost::message {
namespace {

// "Shop.Example." is shop.example.
std::string domain_name(std::string_view written) {
  if (written.ends_with('.')) written.remove_suffix(1);
  return base::to_lower(written);
}

using Received = std::vector<base::Result<ReceivedDmarc>>;

Received as_received(std::vector<base::Result<DmarcReport>> reports) {
  Received received;
  for (auto& report : reports) {
    if (report)
      received.emplace_back(ReceivedDmarc(*std::move(report)));
    else
      received.emplace_back(failure(std::move(report).error()));
  }
  return received;
}

base::Result<ReceivedDmarc> read_failure(FeedbackReport feedback) {
  if (feedback.type != "auth-failure")
    return failure(ErrorCode::invalid_input, "the message is a complaint (" + feedback.type +
                                                 "), no DMARC report: `waypost explain` reads it");
  return feedback;
}

// A failure report may carry a message with reports in it, which it is about.
Received read_message(std::string_view octets) {
  const MimeMessage message = read_mime(octets);
  if (auto reports = dmarc_reports_of(message, false); !reports.empty())
    return as_received(std::move(reports));
  Received received;
  if (auto feedback = feedback_report_of(message)) {
    received.push_back(read_failure(*std::move(feedback)));
    return received;
  }
  received = as_received(dmarc_reports_of(message, true));
  if (received.empty())
    received.emplace_back(failure(ErrorCode::invalid_input, "the message carries no DMARC report"));
  return received;
}

}  // namespace

Received read_received_dmarc(std::string_view octets) {
  constexpr size_t header_octets = 64 * 1024;
  if (begins_with_header(octets.substr(0, header_octets))) return read_message(octets);
  return as_received(read_dmarc_reports(octets));
}

DmarcKey key_of(const DmarcReport& report) {
  return {report.organisation, report.report_id, domain_name(report.domain), report.begin,
          report.end};
}

FailureKey key_of(const FeedbackReport& report) {
  return {report.reporting_mta.empty() ? report.user_agent : report.reporting_mta,
          report.source_ip,
          report.domains.empty() ? std::string() : domain_name(report.domains.front()),
          report.mail_from,
          report.arrival_date,
          report.message_id};
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
