#include "classify/reply_codes.h"

#include <algorithm>
#include <array>

#include <re2/re2.h>

#include "base/ascii.h"

namespace waypost::classify {
namespace {

using base::is_alnum;
using base::is_digit;

char octet(std::string_view text, size_t at) { return at < text.size() ? text[at] : '\0'; }

bool is_class_digit(char c) { return c == '2' || c == '4' || c == '5'; }

size_t skip(std::string_view text, size_t at, std::string_view octets) {
  while (at < text.size() && octets.find(text[at]) != std::string_view::npos) ++at;
  return at;
}

// Length of an enhanced code at `at`, 0 when there is none.
size_t enhanced_at(std::string_view text, size_t at) {
  if (!is_class_digit(octet(text, at))) return 0;
  size_t end = at + 1;
  for (int part = 0; part < 2; ++part) {
    if (octet(text, end) != '.') return 0;
    size_t digits = end + 1;
    while (is_digit(octet(text, digits))) ++digits;
    if (digits == end + 1 || digits > end + 4) return 0;
    end = digits;
  }
  bool longer =
      is_alnum(octet(text, end)) || (octet(text, end) == '.' && is_digit(octet(text, end + 1)));
  return longer ? 0 : end - at;
}

bool is_reply_code_at(std::string_view text, size_t at) {
  if (!is_class_digit(octet(text, at)) || !is_digit(octet(text, at + 1)) ||
      !is_digit(octet(text, at + 2)))
    return false;
  // The second digit ends at 5, but for servers that say "571".
  if (at > 0 && text[at + 1] > '5') return false;
  char before = at == 0 ? ' ' : text[at - 1];
  char after = octet(text, at + 3);
  constexpr std::string_view may_follow{" -:;,.)]>\"'#=\0", 14};
  return !is_alnum(before) && before != '.' && before != '_' && before != '}' &&
         may_follow.find(after) != std::string_view::npos &&
         !(after == '.' && is_digit(octet(text, at + 4)));
}

bool ends_with_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.ends_with(word); });
}

// Whether what stands before `at` announces a reply code.
bool is_announced(std::string_view text, size_t at) {
  size_t end = at;
  while (end > 0 && std::string_view(" (<[\"'#=").find(text[end - 1]) != std::string_view::npos)
    --end;
  if (end == 0) return true;
  std::string_view before = text.substr(0, end);
  return std::string_view(":;<>|").find(before.back()) != std::string_view::npos || end < at - 1 ||
         ends_with_any(before, {"error", "code", "reply", "status", "smtp", "response", "said",
                                "with", "returned", "esmtp", "got", "received"});
}

// The enhanced code that belongs to the reply code which ends at `at`.
std::string_view enhanced_behind(std::string_view text, size_t at) {
  size_t start = skip(text, at, " -:;#(");
  return start == at ? std::string_view() : text.substr(start, enhanced_at(text, start));
}

std::string_view first_enhanced(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    char before = at == 0 ? ' ' : text[at - 1];
    if (std::string_view(" (#:[<-=;,\"'").find(before) == std::string_view::npos) continue;
    if (size_t octets = enhanced_at(text, at)) return text.substr(at, octets);
  }
  return {};
}

}  // namespace

ReplyCodes find_codes(std::string_view text) {
  ReplyCodes codes;
  for (size_t at = 0; at + 3 <= text.size(); ++at) {
    if (!is_reply_code_at(text, at)) continue;
    std::string_view enhanced = enhanced_behind(text, at + 3);
    if (enhanced.empty() && !is_announced(text, at)) continue;
    codes = {text.substr(at, 3), enhanced};
    break;
  }
  if (codes.enhanced.empty()) codes.enhanced = first_enhanced(text);
  return codes;
}

namespace {

using std::chrono::seconds;

seconds unit_of(std::string_view unit) {
  switch (unit.empty() ? 's' : unit.front()) {
    case 'm':
      return std::chrono::minutes(1);
    case 'h':
      return std::chrono::hours(1);
    case 'd':
      return std::chrono::days(1);
    default:
      return seconds(1);
  }
}

constexpr seconds wait_max = std::chrono::weeks(1);

std::optional<seconds> bounded(long count, seconds unit) {
  if (count <= 0 || count > wait_max / unit) return std::nullopt;
  return count * unit;
}

// Whether one of the words is there without which no reply names a time to wait.
bool may_name_wait(std::string_view text) {
  if (std::none_of(text.begin(), text.end(), is_digit)) return false;
  static const re2::RE2 words("(?i)again|retry|wait|back|list|defer|delay|resend|later");
  return re2::RE2::PartialMatch({text.data(), text.size()}, words);
}

// A time after these words is how long it took, not how long to wait.
bool is_over(std::string_view gap) {
  static const re2::RE2 words("(?i)exceed|expired|g[ai]v(?:e|ing) up|time[sd]? ?out|failed");
  return re2::RE2::PartialMatch({gap.data(), gap.size()}, words);
}

// Whether a clock behind `gap` shows the time of day: "at 12:00:00", "2026-11-21 12:00:00".
bool names_a_moment(std::string_view gap) {
  static const re2::RE2 end("(?i)(?:\\bat|\\bon|\\buntil|\\d)[ t]*$");
  return re2::RE2::PartialMatch({gap.data(), gap.size()}, end);
}

}  // namespace

std::optional<seconds> find_wait(std::string_view text) {
  if (!may_name_wait(text)) return std::nullopt;
  constexpr char ask[] =
      "(?i)(?:again|retry(?:ing)?|wait(?:ing)?|come "
      "back|return|(?:gr[ae]y|white)list\\w*|deferr?\\w*|"
      "delay\\w*|resend|later|retry[-_ ]after)";
  static const re2::RE2 by_clock(std::string(ask) + "([^.;]*?)\\b(\\d{1,2}):(\\d{2}):(\\d{2})\\b");
  static const re2::RE2 by_unit(
      std::string(ask) +
      "([^.;\\d]*?)\\b(\\d{1,6}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|days?|sekunden|"
      "minuten|secondes|segundos|minutos)\\b");
  static const re2::RE2 unit_first(
      "(?i)\\b(\\d{1,6}) ?(secs?|seconds?|mins?|minutes?|hrs?|hours?)\\b[^.;\\d]*?"
      "(?:try (?:it )?again|retry|before (?:re)?trying|then try|resend)");
  re2::StringPiece input(text.data(), text.size());
  long hours = 0, minutes = 0, count = 0;
  re2::StringPiece gap, unit;
  if (re2::RE2::PartialMatch(input, by_clock, &gap, &hours, &minutes, &count) &&
      !names_a_moment({gap.data(), gap.size()}))
    return bounded(hours * 3600 + minutes * 60 + count, seconds(1));
  if (re2::RE2::PartialMatch(input, by_unit, &gap, &count, &unit)
          ? !is_over({gap.data(), gap.size()})
          : re2::RE2::PartialMatch(input, unit_first, &count, &unit))
    return bounded(count, unit_of(base::to_lower({unit.data(), unit.size()})));
  return std::nullopt;
}

}  // namespace waypost::classify
