// Numbers, durations and sizes.
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/ascii.h"
#include "config/values.h"
#include "toml/wording.h"

namespace waypost::config {
namespace {

using Kind = Node::Kind;

struct NumberAndUnit {
  uint64_t count;
  std::string unit;  // lower case, may be empty
};

// "60", "60 Sec"; nothing for other forms.
std::optional<NumberAndUnit> split_number(std::string_view text) {
  text = base::trim(text);
  uint64_t count = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (status != std::errc()) return std::nullopt;
  std::string_view unit = base::trim(text.substr(size_t(end - text.data())));
  for (char c : unit)
    if (!base::is_alpha(c)) return std::nullopt;
  return NumberAndUnit{count, base::to_lower(unit)};
}

// The shortest exact spelling: 5m and not 300s.
std::string spell(Duration duration) {
  struct Unit {
    std::string_view suffix;
    Duration length;
  };
  static constexpr std::array<Unit, 5> units{{{"d", std::chrono::hours(24)},
                                              {"h", std::chrono::hours(1)},
                                              {"m", std::chrono::minutes(1)},
                                              {"s", std::chrono::seconds(1)},
                                              {"ms", std::chrono::milliseconds(1)}}};
  for (const Unit& unit : units)
    if (duration.count() != 0 && duration % unit.length == Duration::zero())
      return fmt::format("\"{}{}\"", duration / unit.length, unit.suffix);
  return "\"0s\"";
}

std::string spell_octets(uint64_t octets) {
  static constexpr std::array<std::string_view, 3> units{"GiB", "MiB", "KiB"};
  for (size_t i = 0; i < units.size(); ++i) {
    uint64_t unit = 1ull << (30 - 10 * i);
    if (octets != 0 && octets % unit == 0) return fmt::format("\"{}{}\"", octets / unit, units[i]);
  }
  return fmt::format("{}", octets);
}

// What somebody who wrote `60` or "5 minutes" meant.
std::string guess_duration(const Node& node) {
  constexpr int64_t seconds_max = 1'000'000'000;
  if (node.kind == Kind::integer && node.integer > 0 && node.integer < seconds_max)
    return spell(std::chrono::seconds(node.integer));
  if (node.kind != Kind::text) return {};
  auto parts = split_number(node.text);
  if (!parts) return {};
  if (parts->unit.empty()) return fmt::format("\"{}s\"", parts->count);
  if (parts->unit == "ms" || parts->unit.starts_with("milli"))
    return fmt::format("\"{}ms\"", parts->count);
  char first = parts->unit.front();
  if (first == 'w') return fmt::format("\"{}d\"", parts->count * 7);
  if (std::string_view("smhd").find(first) == std::string_view::npos) return {};
  return fmt::format("\"{}{}\"", parts->count, first);
}

std::optional<uint64_t> octets_per(std::string_view unit) {
  struct Unit {
    std::string_view name;
    uint64_t octets;
  };
  static constexpr std::array<Unit, 8> units{{{"", 1},
                                              {"b", 1},
                                              {"kb", 1000},
                                              {"mb", 1000'000},
                                              {"gb", 1000'000'000},
                                              {"kib", 1ull << 10},
                                              {"mib", 1ull << 20},
                                              {"gib", 1ull << 30}}};
  for (const Unit& known : units)
    if (known.name == unit) return known.octets;
  return std::nullopt;
}

// Octets, or nothing: then `guess` says what was probably meant.
std::optional<uint64_t> read_octets(const Node& node, std::string& guess) {
  if (node.kind == Kind::integer && node.integer >= 0) return uint64_t(node.integer);
  if (node.kind != Kind::text) return std::nullopt;
  auto parts = split_number(node.text);
  if (!parts) return std::nullopt;
  std::optional<uint64_t> unit = octets_per(parts->unit);
  uint64_t product = 0;
  if (unit && !__builtin_mul_overflow(parts->count, *unit, &product)) return product;
  static constexpr std::string_view prefixes = "kmg";
  size_t prefix = prefixes.find(parts->unit.empty() ? ' ' : parts->unit.front());
  if (!unit && prefix != std::string_view::npos)
    guess = fmt::format("\"{}{}iB\"", parts->count, "KMG"[prefix]);
  return std::nullopt;
}

std::string range_words(std::string_view least, std::string_view most) {
  return fmt::format("from {} to {}", least, most);
}

// `what` with its article: "a whole number".
template <class T>
Refusal out_of_range(const Node& node, const T& least, const T& most, bool too_small,
                     std::string_view what) {
  std::string least_text = fmt::format("{}", least);
  std::string most_text = fmt::format("{}", most);
  return {node.place,
          too_small ? "is too small" : "is too large",
          fmt::format("expected {} {}", what, range_words(least_text, most_text)),
          {},
          {},
          std::nullopt};
}

Reading<int64_t> whole_number(const Node& node, int64_t least, int64_t most,
                              std::string_view what) {
  if (node.kind == Kind::integer && node.integer >= least && node.integer <= most)
    return node.integer;
  if (node.kind == Kind::integer)
    return refuse(out_of_range(node, least, most, node.integer < least, what));
  Refusal refusal{node.place,
                  fmt::format("is not {}", what),
                  fmt::format("expected {} {}, without quotes", what,
                              range_words(std::to_string(least), std::to_string(most))),
                  {},
                  {},
                  std::nullopt};
  auto parts = node.kind == Kind::text ? split_number(node.text) : std::nullopt;
  if (parts && parts->unit.empty()) refusal.instead = std::to_string(parts->count);
  return refuse(std::move(refusal));
}

}  // namespace

Reader<bool> yes_or_no() {
  return [](const Node& node) -> Reading<bool> {
    if (node.kind == Node::Kind::boolean) return node.boolean;
    return refuse({node.place,
                   fmt::format("is {} where true or false belongs", toml::describe(node.kind)),
                   "expected true or false, without quotes",
                   {},
                   {},
                   std::nullopt});
  };
}

Reader<unsigned> count(unsigned least, unsigned most) {
  return [=](const Node& node) -> Reading<unsigned> {
    return whole_number(node, least, most, "a whole number").map([](int64_t value) {
      return unsigned(value);
    });
  };
}

Reader<uint16_t> port() {
  return [](const Node& node) -> Reading<uint16_t> {
    return whole_number(node, 1, 65535, "a port").map([](int64_t value) {
      return uint16_t(value);
    });
  };
}

Reader<double> number(double least, double most) {
  return [=](const Node& node) -> Reading<double> {
    bool is_number = node.kind == Kind::real || node.kind == Kind::integer;
    double value = node.kind == Kind::integer ? double(node.integer) : node.real;
    if (!is_number || std::isnan(value))
      return refuse({node.place,
                     "is not a number",
                     fmt::format("expected a number from {} to {}, without quotes", least, most),
                     {},
                     {},
                     std::nullopt});
    if (value < least || value > most)
      return refuse(out_of_range(node, least, most, value < least, "a number"));
    return value;
  };
}

Reader<Duration> duration(Duration least, Duration most) {
  return [=](const Node& node) -> Reading<Duration> {
    base::Result<Duration> value = base::failure(base::ErrorCode::invalid_input, "");
    if (node.kind == Kind::text) value = base::parse_duration(node.text);
    if (!value)
      return refuse({node.place, "is not a duration",
                     "expected a number and a unit in quotes, like \"30s\"", guess_duration(node),
                     "the units are ms, s, m, h and d, and they add up: \"1h30m\"", std::nullopt});
    if (*value < least || *value > most)
      return refuse(out_of_range(node, spell(least), spell(most), *value < least, "a duration"));
    return *value;
  };
}

Reader<uint64_t> octets(uint64_t least, uint64_t most) {
  return [=](const Node& node) -> Reading<uint64_t> {
    std::string guess;
    std::optional<uint64_t> value = read_octets(node, guess);
    if (!value)
      return refuse({node.place, "is not a size",
                     "expected a number of octets, or text like \"25MiB\"", guess,
                     "the units are B, KB, MB, GB (powers of 1000) and KiB, MiB, GiB (powers of "
                     "1024)",
                     std::nullopt});
    if (*value < least || *value > most)
      return refuse(
          out_of_range(node, spell_octets(least), spell_octets(most), *value < least, "a size"));
    return *value;
  };
}

}  // namespace waypost::config
