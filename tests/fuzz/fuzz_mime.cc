// A message taken apart, and the readers of its parts.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "message/auto_reply.h"
#include "message/dsn_reader.h"
#include "message/feedback_report.h"
#include "message/mime.h"
#include "message/preview.h"
#include "message/report_fields.h"

using namespace waypost::message;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const MimeMessage message = read_mime(octets);
  CHECK(message.parts.size() <= mime_parts_max);
  for (const MimePart& part : message.parts) {
    CHECK(part.depth <= mime_depth_max);
    if (part.type.starts_with("text/")) CHECK(waypost::base::is_utf8(part.content));
    text_of_html(part.content);
  }
  if (auto report = delivery_report_of(message))
    for (const ReportedRecipient& recipient : report->recipients)
      CHECK(recipient.status.empty() || first_status(recipient.status) == recipient.status);
  const MimeMessage shown = read_mime(octets, ReadFor::people);
  const ShownParts parts = shown_parts(shown);
  if (parts.html) CHECK(waypost::base::is_utf8(html_preview(shown, parts.html->content)));
  if (parts.text) CHECK(waypost::base::is_utf8(text_preview(parts.text->content)));
  for (const MimePart* part : attachments_of(shown)) CHECK(waypost::base::is_utf8(part->file));
  feedback_report_of(message);
  auto_reply_of(message);
  read_delivery_report(octets);
  report_address(octets);
  return 0;
}
