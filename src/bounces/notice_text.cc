#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "bounces/notice_reader.h"
#include "bounces/quoted_header.h"
#include "message/address_list.h"
#include "smtp/mentioned.h"

namespace waypost::bounces {
namespace {

// What stands under a line of dashes with fields of a message is that message.
void cut_returned(NoticeText& notice) {
  for (size_t from = 0;;) {
    const auto header = find_quoted_header(notice.text, from);
    if (!header) return;
    from = header->end;
    if (!header->is_under_rule) continue;
    if (notice.returned.empty()) notice.returned = notice.text.substr(header->begin);
    notice.text.resize(header->begin);
    notice.small.resize(header->begin);
    return;
  }
}

// Our own subject is no reply, whatever code stands in it: its digits become blanks.
void blank_subjects(std::string& text) {
  constexpr std::array<std::string_view, 5> names{
      "subject:", "betreff:", "objet:", "asunto:", "oggetto:"};
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const size_t begin = std::min(text.find_first_not_of(" \t>|", at), end);
    const std::string line = base::to_lower(std::string_view(text).substr(begin, end - begin));
    if (std::any_of(names.begin(), names.end(),
                    [&](std::string_view name) { return line.starts_with(name); }))
      std::replace_if(text.begin() + std::ptrdiff_t(begin), text.begin() + std::ptrdiff_t(end),
                      base::is_digit, ' ');
    at = end + 1;
  }
}

void take_mentioned(NoticeText& notice) {
  const std::string words = without_quoted_headers(notice.text);
  for (std::string_view address : smtp::mentioned_addresses(words)) {
    const bool is_known = std::any_of(
        notice.mentioned.begin(), notice.mentioned.end(),
        [&](const std::string& one) { return base::equals_ignoring_case(one, address); });
    if (!is_known) notice.mentioned.emplace_back(address);
  }
}

}  // namespace

NoticeText notice_text_of(const message::MimeMessage& message, const NoticeBook& book) {
  NoticeText notice;
  std::string html;
  for (const message::MimePart& part : message.parts) {
    if (part.messages > 0 || part.content.empty()) continue;
    if (part.type == "message/rfc822" || part.type.starts_with("text/rfc822-header")) {
      notice.returned = part.content;
      break;
    }
    if (part.type == "text/plain" && notice.text.size() < notice_text_octets_max)
      notice.text += part.content + "\n";
    if (part.type == "text/html" && html.empty()) html = part.content;
  }
  if (notice.text.find_first_not_of(" \t\n") == std::string::npos)
    notice.text = message::text_of_html(html);
  notice.text.resize(std::min(notice.text.size(), notice_text_octets_max));
  notice.small = base::to_lower(notice.text);
  size_t end = book.returned_begin(notice.small);
  if (end < notice.text.size()) {
    bool is_header = notice.small.compare(end, 9, "received:") == 0;
    size_t line_end = is_header ? end : std::min(notice.text.find('\n', end), notice.text.size());
    size_t header = notice.text.find_first_not_of("\n", line_end);
    if (header != std::string::npos && notice.returned.empty())
      notice.returned = notice.text.substr(header);
    notice.text.resize(end);
    notice.small.resize(end);
  }
  cut_returned(notice);
  blank_subjects(notice.text);
  blank_subjects(notice.small);
  take_mentioned(notice);
  if (auto to = message::parse_address_list(message.field("To")); to && to->size() == 1)
    notice.to = to->front();
  notice.subject = base::to_lower(message.field("Subject"));
  notice.mailer = base::to_lower(message.field("X-Mailer"));
  if (auto failed = message::parse_address_list(message.field("X-Failed-Recipients")))
    notice.failed = *std::move(failed);
  return notice;
}

}  // namespace waypost::bounces
