#include "api/media_type.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::api {
namespace {

// Each "name=value", the value a token or in quotes.
bool has_whole_parameters(std::string_view type) {
  const auto is_token = [](char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?=").find(c) == std::string_view::npos;
  };
  const auto take_token = [&](std::string_view& text) {
    size_t octets = 0;
    while (octets < text.size() && is_token(text[octets])) ++octets;
    text.remove_prefix(octets);
    return octets > 0;
  };
  const auto take_quoted = [](std::string_view& text) {
    size_t at = 1;
    while (at < text.size() && text[at] != '"') {
      if (text[at] < 0x20 || text[at] >= 0x7f) return false;
      at += text[at] == '\\' ? 2 : 1;
    }
    if (at >= text.size()) return false;
    text.remove_prefix(at + 1);
    return true;
  };
  std::string_view rest = type.substr(std::min(type.find(';'), type.size()));
  while (!rest.empty()) {
    rest = base::trim(rest.substr(1));
    if (!take_token(rest) || !rest.starts_with('=')) return false;
    rest.remove_prefix(1);
    if (!(rest.starts_with('"') ? take_quoted(rest) : take_token(rest))) return false;
    rest = base::trim(rest);
    if (!rest.empty() && rest.front() != ';') return false;
  }
  return true;
}

}  // namespace

std::optional<std::string> refuse_media_type(std::string_view type) {
  if (!has_whole_parameters(type))
    return "has parameters that cannot be read; they look like \"; method=REQUEST\"";
  type = base::trim(type.substr(0, type.find(';')));
  const size_t slash = type.find('/');
  const auto is_token = [](std::string_view token) {
    return !token.empty() && std::all_of(token.begin(), token.end(), [](char c) {
      return base::is_alnum(c) || std::string_view("!#$&^_.+-").find(c) != std::string_view::npos;
    });
  };
  if (slash == type.npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1)))
    return "is no media type such as application/pdf";
  if (base::starts_with_ignoring_case(type, "multipart/") ||
      base::starts_with_ignoring_case(type, "message/"))
    return "cannot be attached in base64: call it application/octet-stream";
  return std::nullopt;
}

}  // namespace waypost::api
