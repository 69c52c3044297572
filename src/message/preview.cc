#include "message/preview.h"

#include <algorithm>
#include <array>
#include <glib.h>
#include <memory>

#include "base/ascii.h"
#include "base/terminal_text.h"

namespace waypost::message {
namespace {

// A picture that a browser shows without asking for anything; SVG is a document.
constexpr std::array<std::string_view, 6> picture_types{"image/png",  "image/jpeg", "image/gif",
                                                        "image/webp", "image/bmp",  "image/avif"};

// Chromium connects to where links, frames and hints point before it asks the policy that then
// forbids to fetch anything: whoever listens there knows that somebody looks. Meta and base move
// the page or its addresses. The animations of SVG give a link its address without that attribute.
constexpr std::array<std::string_view, 14> unwanted_elements{
    "link",   "meta",  "base", "iframe",  "frame",         "fencedframe",      "portal",
    "object", "embed", "set",  "animate", "animatemotion", "animatetransform", "animatecolor"};

std::string in_base64(std::string_view octets) {
  const auto* data = reinterpret_cast<const guchar*>(octets.data());
  std::unique_ptr<gchar, decltype(&g_free)> text(g_base64_encode(data, octets.size()), g_free);
  return text.get();
}

// As RFC 2392 has it, "%" and two digits for an octet; anything else as it stands.
std::string without_percents(std::string_view text) {
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    const bool is_escaped = text[at] == '%' && at + 2 < text.size() &&
                            g_ascii_isxdigit(text[at + 1]) && g_ascii_isxdigit(text[at + 2]);
    if (!is_escaped) {
      plain += text[at];
      continue;
    }
    plain += char(g_ascii_xdigit_value(text[at + 1]) * 16 + g_ascii_xdigit_value(text[at + 2]));
    at += 2;
  }
  return plain;
}

class HtmlPreview {
 public:
  HtmlPreview(const MimeMessage& message, std::string_view html) : message_(message), html_(html) {}

  std::string take() {
    for (size_t at = 0; at < html_.size();) {
      size_t taken = html_[at] == '<' ? take_tag(at) : take_picture(at);
      if (taken == 0) taken = take_link(at);
      if (taken == 0) document_ += html_[at];
      at += std::max<size_t>(taken, 1);
    }
    return std::move(document_);
  }

 private:
  // How many octets it replaced by others.
  size_t take_tag(size_t at) {
    const std::string_view behind = html_.substr(at + 1);
    for (std::string_view name : unwanted_elements) {
      if (!base::starts_with_ignoring_case(behind, name)) continue;
      const char next = behind.size() > name.size() ? behind[name.size()] : '>';
      if (base::is_alnum(next) || next == '-') continue;
      document_ += "<x-";
      document_ += name;
      return 1 + name.size();
    }
    return 0;
  }

  // It looks like one and leads nowhere: of two attributes of a name the first holds, and without
  // quotation marks it ends no value that it may stand in.
  size_t take_link(size_t at) {
    constexpr std::string_view name = "href";
    if (!base::starts_with_ignoring_case(html_.substr(at), name)) return 0;
    const size_t sign = html_.find_first_not_of(" \t\n\f\r", at + name.size());
    if (sign == std::string_view::npos || html_[sign] != '=') return 0;
    document_ += "href=# x-href";
    return name.size();
  }

  // Only where an address begins: text may speak of "cid:", too.
  size_t take_picture(size_t at) {
    constexpr std::string_view scheme = "cid:";
    const char before = at == 0 ? ' ' : html_[at - 1];
    const bool begins = before == '"' || before == '\'' || before == '=' || before == '(';
    if (!begins || !base::starts_with_ignoring_case(html_.substr(at), scheme)) return 0;
    const std::string_view behind = html_.substr(at + scheme.size());
    const std::string_view name = behind.substr(0, behind.find_first_of("\"'<>() \t\n"));
    const MimePart* picture = picture_of(without_percents(name));
    if (picture == nullptr || picture->content.size() > pictures_left_) return 0;
    pictures_left_ -= picture->content.size();
    document_ += "data:" + picture->type + ";base64," + in_base64(picture->content);
    return scheme.size() + name.size();
  }

  const MimePart* picture_of(const std::string& content_id) const {
    const auto found =
        std::find_if(message_.parts.begin(), message_.parts.end(), [&](const MimePart& part) {
          return part.messages == 0 && !part.content_id.empty() && part.content_id == content_id;
        });
    if (found == message_.parts.end()) return nullptr;
    const bool is_picture =
        std::find(picture_types.begin(), picture_types.end(), found->type) != picture_types.end();
    return is_picture ? &*found : nullptr;
  }

  const MimeMessage& message_;
  std::string_view html_;
  std::string document_;
  size_t pictures_left_ = preview_pictures_octets_max;
};

bool is_shown_as(const MimePart& part, std::string_view type) {
  return part.type == type && part.messages == 0 && !part.attached && part.file.empty();
}

}  // namespace

ShownParts shown_parts(const MimeMessage& message) {
  ShownParts shown;
  for (const MimePart& part : message.parts) {
    if (shown.text == nullptr && is_shown_as(part, "text/plain")) shown.text = &part;
    if (shown.html == nullptr && is_shown_as(part, "text/html")) shown.html = &part;
  }
  return shown;
}

std::vector<const MimePart*> attachments_of(const MimeMessage& message) {
  const ShownParts shown = shown_parts(message);
  std::vector<const MimePart*> attachments;
  for (const MimePart& part : message.parts)
    if (part.messages == 0 && &part != shown.text && &part != shown.html)
      attachments.push_back(&part);
  return attachments;
}

std::string html_preview(const MimeMessage& message, std::string_view html) {
  return HtmlPreview(message, html).take();
}

std::string text_preview(std::string_view text) {
  std::string document =
      "<!doctype html>\n<html><head><meta charset=\"utf-8\"><title>Text</title>"
      "<style>pre{margin:1em;white-space:pre-wrap;overflow-wrap:anywhere;"
      "font:14px/1.5 ui-monospace,monospace}</style></head>\n<body><pre>\n";
  for (const char c : base::without_terminal_controls(text)) {
    if (c == '<')
      document += "&lt;";
    else if (c == '&')
      document += "&amp;";
    else if (base::is_control(c) && c != '\n' && c != '\t')
      document += base::escape_control(std::string_view(&c, 1));
    else
      document += c;
  }
  return document + "</pre></body></html>\n";
}

}  // namespace waypost::message
