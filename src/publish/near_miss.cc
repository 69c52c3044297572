#include "publish/near_miss.h"

#include <algorithm>
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
  bare = base::trim(bare);
  if (bare.starts_with('\'') && bare.ends_with('\'') && bare.size() > 1)
    bare = bare.substr(1, bare.size() - 2);
  return bare;
}

bool is_tag_with_value(std::string_view part) {
  const size_t equals = part.find('=');
  if (equals == part.npos) return false;
  const std::string_view tag = base::trim(part.substr(0, equals));
  const std::string_view value = base::trim(part.substr(equals + 1));
  if (tag.empty() || value.empty() || base::equals_ignoring_case(tag, "v")) return false;
  // Another tag that only a blank keeps apart.
  if (value.find(' ') != value.npos && value.find('=') != value.npos) return false;
  return std::all_of(tag.begin(), tag.end(), base::is_alpha);
}

// Puts the tags of `list` behind `meant`; false where something else stands among them.
bool add_tags(std::string& meant, std::string_view list) {
  while (!list.empty()) {
    const size_t end = std::min(list.find(';'), list.size());
    const std::string_view part = base::trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (part.empty()) continue;
    if (!is_tag_with_value(part)) return false;
    meant.append("; ").append(part);
  }
  return true;
}

}  // namespace

std::string meant_spf(std::string_view text) {
  if (mailauth::is_spf_record(text)) return "";
  const std::string bare = without_decoration(text);
  return mailauth::is_spf_record(bare) ? bare : "";
}

std::string meant_dmarc(std::string_view text) {
  if (mailauth::is_dmarc_record(text)) return "";
  const std::string bare = without_decoration(text);
  const size_t at = base::to_lower(bare).find(dmarc_version);
  if (at == std::string::npos) return "";
  const std::string_view front = std::string_view(bare).substr(0, at);
  const std::string_view behind = std::string_view(bare).substr(at + dmarc_version.size());
  if (!behind.empty() && behind.front() != ';' && behind.front() != ' ') return "";
  // The version comes first (RFC 9989 §4.7).
  std::string meant = "v=DMARC1";
  return add_tags(meant, front) && add_tags(meant, behind) ? meant : "";
}

}  // namespace waypost::publish
