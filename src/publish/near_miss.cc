#include "publish/near_miss.h"

#include <array>

#include "base/ascii.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/spf_record.h"

namespace waypost::publish {
namespace {

constexpr std::string_view dmarc_version = "v=dmarc1";

// What forms and editors add: a byte order mark, blanks that do not break, typographic quotes.
constexpr std::array<std::string_view, 5> decorations{"\xef\xbb\xbf", "\xc2\xa0", "\xe2\x80\x9c",
                                                      "\xe2\x80\x9d", "\xe2\x80\x9e"};

std::string without_decoration(std::string_view text) {
  std::string bare;
  while (!text.empty()) {
    size_t taken = 0;
    for (std::string_view each : decorations)
      if (text.starts_with(each)) taken = each.size();
    if (taken == 0) {
      const char c = text.front();
      taken = 1;
      if (c == '\t' || c == '\r' || c == '\n')
        bare += ' ';
      else if (c != '"' && c != '\\')
        bare += c;
    }
    text.remove_prefix(taken);
  }
  return std::string(base::trim(bare));
}

}  // namespace

std::string meant_spf(std::string_view text) {
  if (mailauth::is_spf_record(text)) return "";
  std::string bare = without_decoration(text);
  if (bare.starts_with('\'') && bare.ends_with('\'') && bare.size() > 1)
    bare = bare.substr(1, bare.size() - 2);
  return mailauth::is_spf_record(bare) ? bare : "";
}

std::string meant_dmarc(std::string_view text) {
  if (mailauth::is_dmarc_record(text)) return "";
  const std::string bare = without_decoration(text);
  const size_t at = base::to_lower(bare).find(dmarc_version);
  if (at == std::string::npos) return "";
  std::string meant = "v=DMARC1";
  // The version comes first (RFC 9989 §4.7).
  for (std::string_view part : {std::string_view(bare).substr(0, at),
                                std::string_view(bare).substr(at + dmarc_version.size())}) {
    while (!part.empty() && std::string_view("; '").find(part.front()) != std::string_view::npos)
      part.remove_prefix(1);
    while (!part.empty() && std::string_view("; '").find(part.back()) != std::string_view::npos)
      part.remove_suffix(1);
    if (!part.empty()) meant.append("; ").append(part);
  }
  return meant;
}

}  // namespace waypost::publish
