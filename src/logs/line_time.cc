#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

#include "logs/summary.h"

namespace waypost::logs {
namespace {

using namespace std::chrono;

constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int> number(std::string_view text, size_t at, size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  while (digits > 1 && text[at] == ' ') {
    ++at;
    --digits;
  }
  int value = 0;
  auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, value);
  if (error != std::errc() || end != text.data() + at + digits) return std::nullopt;
  return value;
}

std::optional<WallTime> made(year_month_day day, std::string_view text, size_t clock_at) {
  auto hour = number(text, clock_at, 2);
  auto minute = number(text, clock_at + 3, 2);
  auto second = number(text, clock_at + 6, 2);
  if (!day.ok() || !hour || !minute || !second) return std::nullopt;
  return WallTime(sys_days(day)) + hours(*hour) + minutes(*minute) + seconds(*second);
}

// "+0200", "+02:00", "Z" at the end; minutes east of UTC.
int zone_of(std::string_view text) {
  constexpr size_t clock_end = 19;
  size_t sign = text.find_first_of("+-", clock_end);
  if (sign == std::string_view::npos) return 0;
  auto zone_hours = number(text, sign + 1, 2);
  bool has_colon = sign + 3 < text.size() && text[sign + 3] == ':';
  auto zone_minutes = number(text, sign + (has_colon ? 4 : 3), 2);
  int east = zone_hours.value_or(0) * 60 + zone_minutes.value_or(0);
  return text[sign] == '-' ? -east : east;
}

}  // namespace

std::optional<WallTime> parse_line_time(std::string_view text, WallTime now) {
  constexpr size_t syslog_octets = 15;
  constexpr size_t date_octets = 19;
  if (text.size() >= date_octets && text[4] == '-') {
    auto y = number(text, 0, 4);
    auto m = number(text, 5, 2);
    auto d = number(text, 8, 2);
    if (!y || !m || !d) return std::nullopt;
    auto at = made(year(*y) / month(unsigned(*m)) / day(unsigned(*d)), text, 11);
    if (at) *at -= minutes(zone_of(text));
    return at;
  }
  if (text.size() < syslog_octets) return std::nullopt;
  if (text[2] == '-' && text.size() >= 20) {
    auto month_at = std::find(months.begin(), months.end(), text.substr(3, 3));
    auto y = number(text, 7, 4);
    auto d = number(text, 0, 2);
    if (month_at == months.end() || !y || !d) return std::nullopt;
    return made(year(*y) / month(unsigned(month_at - months.begin()) + 1) / day(unsigned(*d)), text,
                12);
  }
  for (unsigned i = 0; i < months.size(); ++i) {
    if (!text.starts_with(months[i])) continue;
    auto d = number(text, 4, 2);
    if (!d) return std::nullopt;
    year this_year = year_month_day(floor<days>(now)).year();
    // A server whose clock is a little ahead, or of another zone, is not a year behind.
    constexpr auto ahead_max = hours(26);
    for (year y : {this_year + years(1), this_year, this_year - years(1)})
      if (auto at = made(y / month(i + 1) / day(unsigned(*d)), text, 7);
          at && *at <= now + ahead_max)
        return at;
  }
  return std::nullopt;
}

}  // namespace waypost::logs
