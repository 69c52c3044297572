#include "intake/compose.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "sasl/base64.h"

namespace waypost::intake {
namespace {

constexpr size_t base64_line_octets = 57;  // of content, which make a line of 76
constexpr size_t base64_line_digits = 76;
constexpr size_t encoded_word_octets = 42;  // of content, which make a word of at most 75
constexpr size_t plain_line_octets_max = 998;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; });
}

std::string with_crlf(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.append(line).append("\r\n");
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return lines;
}

bool has_long_line(std::string_view lines) {
  for (size_t start = 0; start < lines.size();) {
    const size_t end = lines.find("\r\n", start);
    if (end - start > plain_line_octets_max) return true;
    start = end + 2;
  }
  return false;
}

std::string in_base64(std::string_view text) {
  std::string lines;
  for (size_t at = 0; at < text.size(); at += base64_line_octets)
    lines += sasl::base64_encode(text.substr(at, base64_line_octets)) + "\r\n";
  return lines;
}

// The fields and the content of one body.
std::string part(std::string_view type, std::string_view text) {
  const std::string lines = with_crlf(text);
  const bool plain =
      is_ascii(lines) && lines.find('\r') != std::string::npos && !has_long_line(lines) &&
      std::count(lines.begin(), lines.end(), '\r') == std::count(lines.begin(), lines.end(), '\n');
  return "Content-Type: " + std::string(type) + "; charset=utf-8\r\nContent-Transfer-Encoding: " +
         (plain ? "7bit\r\n\r\n" + lines : "base64\r\n\r\n" + in_base64(lines));
}

std::string on_one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text;
}

// RFC 2231 §4 where it is not ASCII.
std::string filename_parameter(const std::string& filename) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const std::string name = on_one_line(filename);
  std::string value;
  if (is_ascii(name)) {
    for (char c : name) {
      if (c == '"' || c == '\\') value += '\\';
      value += c;
    }
    return "filename=\"" + value + "\"";
  }
  for (char c : name) {
    if (base::is_alnum(c) || c == '.' || c == '-' || c == '_') {
      value += c;
      continue;
    }
    value += '%';
    value += digits[static_cast<unsigned char>(c) >> 4];
    value += digits[static_cast<unsigned char>(c) & 15];
  }
  return "filename*=UTF-8''" + value;
}

std::string part_of(const Attachment& attachment) {
  const bool shown = !attachment.content_id.empty();
  std::string part = "Content-Type: " + on_one_line(attachment.content_type) +
                     "\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: " +
                     (shown ? "inline" : "attachment") + ";\r\n " +
                     filename_parameter(attachment.filename) + "\r\n";
  if (shown) part += "Content-ID: <" + on_one_line(attachment.content_id) + ">\r\n";
  part += "\r\n";
  const std::string_view content = attachment.base64;
  part.reserve(part.size() + content.size() + content.size() / base64_line_digits * 2 + 4);
  for (size_t at = 0; at < content.size(); at += base64_line_digits)
    part.append(content.substr(at, base64_line_digits)).append("\r\n");
  return part;
}

// Parts with their fields, each ended by a line end, as one.
std::string multipart(std::string_view type, const std::string& boundary,
                      const std::vector<std::string>& parts) {
  std::string all =
      "Content-Type: multipart/" + std::string(type) + "; boundary=\"" + boundary + "\"\r\n\r\n";
  for (const std::string& one : parts) all.append("--" + boundary + "\r\n").append(one + "\r\n");
  return all + "--" + boundary + "--\r\n";
}

void add_list(std::string& message, std::string_view name, const std::vector<std::string>& values) {
  if (values.empty()) return;
  message.append(name).append(": ");
  for (size_t i = 0; i < values.size(); ++i)
    message += (i > 0 ? ",\r\n " : "") + on_one_line(values[i]);
  message += "\r\n";
}

// With line ends between words (RFC 5322 §2.2.3); none where a word is too long for a line.
std::optional<std::string> folded(std::string_view text) {
  std::string lines;
  while (text.size() > header_word_octets_max) {
    const auto is_between_words = [&](size_t at) {
      return at > 0 && text[at - 1] != ' ' && at + 1 < text.size() && text[at + 1] != ' ';
    };
    size_t at = text.rfind(' ', header_word_octets_max);
    while (at != text.npos && at > 0 && !is_between_words(at)) at = text.rfind(' ', at - 1);
    if (at == text.npos || at == 0) return std::nullopt;
    lines.append(text.substr(0, at)).append("\r\n");
    text.remove_prefix(at);
  }
  return lines.append(text);
}

// The fields and the content of all bodies.
std::string body_of(const Composition& composition, const std::string& boundary) {
  std::vector<std::string> shown;
  std::vector<std::string> attached;
  for (const Attachment& attachment : composition.attachments) {
    const bool is_shown = !attachment.content_id.empty() && !composition.html.empty();
    (is_shown ? shown : attached).push_back(part_of(attachment));
  }
  std::string html;
  if (!composition.html.empty()) html = part("text/html", composition.html);
  if (!shown.empty()) {
    shown.insert(shown.begin(), std::move(html));
    html = multipart("related", boundary + "-shown", shown);
  }
  std::string body;
  if (html.empty())
    body = part("text/plain", composition.text);
  else if (composition.text.empty())
    body = std::move(html);
  else
    body = multipart("alternative", boundary, {part("text/plain", composition.text), html});
  if (attached.empty()) return body;
  attached.insert(attached.begin(), std::move(body));
  return multipart("mixed", boundary + "-mixed", attached);
}

}  // namespace

// Words end between characters, never inside one (RFC 2047 §5).
std::string header_text(std::string text) {
  text = on_one_line(std::move(text));
  if (is_ascii(text))
    if (std::optional<std::string> lines = folded(text)) return *lines;
  std::string words;
  std::string_view rest = text;
  while (!rest.empty()) {
    size_t end = std::min(encoded_word_octets, rest.size());
    while (end > 1 && end < rest.size() && (static_cast<unsigned char>(rest[end]) & 0xc0) == 0x80)
      --end;
    words += (words.empty() ? "" : "\r\n ") +
             ("=?UTF-8?B?" + sasl::base64_encode(rest.substr(0, end))) + "?=";
    rest.remove_prefix(end);
  }
  return words;
}

std::string compose(const Composition& composition, std::string_view boundary) {
  std::string message = "From: " + on_one_line(composition.from) + "\r\n";
  add_list(message, "To", composition.to);
  add_list(message, "Cc", composition.cc);
  add_list(message, "Reply-To", composition.reply_to);
  message += "Subject: " + header_text(composition.subject) + "\r\nMIME-Version: 1.0\r\n";
  for (const auto& [name, value] : composition.fields)
    message += on_one_line(name) + ": " + header_text(value) + "\r\n";
  return message + body_of(composition, std::string(boundary));
}

}  // namespace waypost::intake
