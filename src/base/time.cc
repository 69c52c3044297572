#include "base/time.h"

#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/ascii.h"

namespace waypost::base {
namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hh_mm_ss;
using std::chrono::year_month_day;

struct Fields {
  year_month_day date;
  hh_mm_ss<std::chrono::microseconds> clock;
};

Fields split(WallTime time) {
  auto day = floor<days>(time);
  return {year_month_day(day), hh_mm_ss(time - day)};
}

// Reads exactly `width` digits at `position` and moves behind them.
bool read_digits(std::string_view text, size_t& position, size_t width, int& value) {
  if (position + width > text.size()) return false;
  value = 0;
  for (size_t i = 0; i < width; ++i) {
    char c = text[position + i];
    if (!is_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  position += width;
  return true;
}

bool read_char(std::string_view text, size_t& position, char expected) {
  if (position >= text.size() || text[position] != expected) return false;
  ++position;
  return true;
}

// The digits behind the point, to microseconds; further ones are read and dropped.
bool read_fraction(std::string_view text, size_t& position, int& micros) {
  micros = 0;
  if (position >= text.size() || text[position] != '.') return true;
  size_t start = ++position;
  int scale = 100'000;
  while (position < text.size() && is_digit(text[position])) {
    micros += (text[position] - '0') * scale;
    scale /= 10;
    ++position;
  }
  return position > start;
}

struct Unit {
  std::string_view suffix;
  Duration length;
};
constexpr std::array<Unit, 5> units{{{"ms", std::chrono::milliseconds(1)},
                                     {"s", std::chrono::seconds(1)},
                                     {"m", std::chrono::minutes(1)},
                                     {"h", std::chrono::hours(1)},
                                     {"d", std::chrono::hours(24)}}};
constexpr Duration duration_max = std::chrono::hours(24 * 3660);

const Unit* unit_named(std::string_view suffix) {
  for (const Unit& unit : units)
    if (unit.suffix == suffix) return &unit;
  return nullptr;
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  auto [date, clock] = split(time);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int(date.year()),
                     unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  int year, month, day, hour, minute, second, micros;
  size_t at = 0;
  bool well_formed = read_digits(text, at, 4, year) && read_char(text, at, '-') &&
                     read_digits(text, at, 2, month) && read_char(text, at, '-') &&
                     read_digits(text, at, 2, day) && read_char(text, at, 'T') &&
                     read_digits(text, at, 2, hour) && read_char(text, at, ':') &&
                     read_digits(text, at, 2, minute) && read_char(text, at, ':') &&
                     read_digits(text, at, 2, second) && read_fraction(text, at, micros) &&
                     read_char(text, at, 'Z') && at == text.size();
  year_month_day date;
  if (well_formed)
    date = year_month_day(std::chrono::year(year), std::chrono::month(unsigned(month)),
                          std::chrono::day(unsigned(day)));
  if (!well_formed || !date.ok() || hour > 23 || minute > 59 || second > 60)
    return failure(ErrorCode::invalid_input,
                   fmt::format("\"{}\" is not a UTC time like 2026-11-21T09:08:07Z", text));
  return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + std::chrono::seconds(second) +
         std::chrono::microseconds(micros);
}

std::string to_rfc5322_date(WallTime time) {
  static constexpr std::array<const char*, 7> weekdays{"Sun", "Mon", "Tue", "Wed",
                                                       "Thu", "Fri", "Sat"};
  static constexpr std::array<const char*, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto [date, clock] = split(time);
  std::chrono::weekday weekday{std::chrono::sys_days(date)};
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", weekdays[weekday.c_encoding()],
                     unsigned(date.day()), months[unsigned(date.month()) - 1], int(date.year()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::string to_human(Duration duration) {
  using namespace std::chrono;
  if (duration < Duration::zero()) return "-" + to_human(-duration);
  if (duration < milliseconds(1))
    return fmt::format("{} µs", duration_cast<microseconds>(duration).count());
  if (duration < seconds(1))
    return fmt::format("{} ms", duration_cast<milliseconds>(duration).count());
  double s = double(duration.count()) / 1e9;
  if (s < 60) return fmt::format("{:.1f} s", s);
  auto whole = duration_cast<seconds>(duration).count();
  if (whole < 3600) return fmt::format("{} m {} s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{} h {} m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{} d {} h", whole / 86400, whole % 86400 / 3600);
}

Result<Duration> parse_duration(std::string_view text) {
  auto refuse = [&] {
    return failure(ErrorCode::invalid_input,
                   fmt::format("\"{}\" is not a duration: write a number and a unit (ms, s, m, h, "
                               "d), like \"30s\" or \"1h30m\"",
                               text));
  };
  Duration total{0};
  size_t at = 0;
  while (at < text.size()) {
    int64_t count = 0;
    auto [end, status] = std::from_chars(text.data() + at, text.data() + text.size(), count);
    if (status != std::errc() || count < 0) return refuse();
    at = size_t(end - text.data());
    size_t unit_start = at;
    while (at < text.size() && is_alpha(text[at])) ++at;
    const Unit* unit = unit_named(text.substr(unit_start, at - unit_start));
    if (!unit || count > duration_max / unit->length) return refuse();
    total += count * unit->length;
    if (total > duration_max) return refuse();
  }
  if (text.empty()) return refuse();
  return total;
}

}  // namespace waypost::base
