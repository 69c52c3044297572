#include "queue/asked_time.h"

#include <string>

#include "base/ascii.h"
#include "queue/command.h"

namespace waypost::queue {
namespace {

// Sooner than a message takes to get there, nobody means a time to come.
constexpr WallTime::duration at_once_within = std::chrono::seconds(2);

constexpr std::string_view form =
    "is no time such as 2026-11-21T09:00:00Z or 2026-11-21T10:00:00+01:00 (RFC 3339 §5.6); words "
    "such as \"tomorrow\" are not read";

tl::unexpected<Error> malformed() { return failure(ErrorCode::invalid_input, std::string(form)); }

// "+01:00"
Result<std::chrono::minutes> parse_offset(std::string_view text) {
  const auto number = [&](size_t at) {
    return base::is_digit(text[at]) && base::is_digit(text[at + 1])
               ? (text[at] - '0') * 10 + (text[at + 1] - '0')
               : -1;
  };
  const bool has_form = text.size() == 6 && (text[0] == '+' || text[0] == '-') && text[3] == ':';
  if (!has_form || number(1) < 0 || number(1) > 23 || number(4) < 0 || number(4) > 59)
    return malformed();
  const auto offset = std::chrono::hours(number(1)) + std::chrono::minutes(number(4));
  return text[0] == '+' ? offset : -offset;
}

}  // namespace

Result<WallTime> parse_asked_time(std::string_view text) {
  constexpr size_t octets_max = 64;
  constexpr size_t offset_octets = 6;
  if (text.size() < offset_octets || text.size() > octets_max) return malformed();
  std::string in_utc(text);
  // RFC 3339 §5.6: either may be written small.
  for (char& c : in_utc)
    if (c == 't' || c == 'z') c = c == 't' ? 'T' : 'Z';
  std::chrono::minutes offset(0);
  if (in_utc.back() != 'Z') {
    TRY(offset, parse_offset(text.substr(text.size() - offset_octets)));
    in_utc.resize(text.size() - offset_octets);
    in_utc += 'Z';
  }
  const Result<WallTime> time = base::parse_rfc3339(in_utc);
  if (!time) return malformed();
  return *time - offset;
}

Result<WallTime> time_to_wait_for(WallTime asked, WallTime now) {
  // In microseconds: the year 9999 is none that nanoseconds reach.
  if (asked - now > std::chrono::duration_cast<WallTime::duration>(schedule_ahead_max))
    return failure(ErrorCode::invalid_input, "is more than 30 days ahead");
  return asked - now <= at_once_within ? WallTime() : asked;
}

}  // namespace waypost::queue
