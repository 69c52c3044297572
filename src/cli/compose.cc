#include "cli/compose.h"

#include <algorithm>

#include "sasl/base64.h"

namespace waypost::cli {
namespace {

constexpr size_t base64_line_octets = 57;   // of content, which make a line of 76
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

// Words end between characters, never inside one (RFC 2047 §5).
std::string header_text(std::string text) {
  text = on_one_line(std::move(text));
  if (is_ascii(text)) return text;
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

}  // namespace

std::string compose(const Composition& composition, std::string_view boundary) {
  std::string message = "From: " + on_one_line(composition.from) + "\r\nTo: ";
  for (size_t i = 0; i < composition.to.size(); ++i)
    message += (i > 0 ? ",\r\n " : "") + on_one_line(composition.to[i]);
  message += "\r\nSubject: " + header_text(composition.subject) + "\r\nMIME-Version: 1.0\r\n";
  if (composition.html.empty()) return message + part("text/plain", composition.text);
  if (composition.text.empty()) return message + part("text/html", composition.html);
  const std::string line = "--" + std::string(boundary);
  return message + "Content-Type: multipart/alternative; boundary=\"" + std::string(boundary) +
         "\"\r\n\r\n" + line + "\r\n" + part("text/plain", composition.text) + "\r\n" + line +
         "\r\n" + part("text/html", composition.html) + "\r\n" + line + "--\r\n";
}

}  // namespace waypost::cli
