#include "api/exposition.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"

namespace waypost::api {
namespace {

std::string escaped(std::string_view value) {
  std::string text;
  for (char c : base::to_valid_utf8(value)) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n')
      text += "\\n";
    else
      text += c;
  }
  return text;
}

}  // namespace

std::string labels(
    std::initializer_list<std::pair<std::string_view, std::string_view>> names_and_values) {
  std::string text;
  for (const auto& [name, value] : names_and_values)
    text += fmt::format("{}{}=\"{}\"", text.empty() ? "" : ",", name, escaped(value));
  return text;
}

void Histogram::add(double value, uint64_t times) {
  const auto bound = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  counts_[size_t(bound - bounds_.begin())] += times;
  sum_ += value * double(times);
}

void Exposition::begin(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void Exposition::add(std::string_view labels, uint64_t value) {
  add_line("", labels, fmt::format("{}", value));
}

void Exposition::add(std::string_view labels, double value) {
  add_line("", labels, fmt::format("{}", value));
}

void Exposition::add(std::string_view labels, std::span<const double> bounds,
                     std::span<const uint64_t> counts, double sum) {
  const std::string_view comma = labels.empty() ? "" : ",";
  uint64_t count = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    count += counts[i];
    const std::string bound = i < bounds.size() ? fmt::format("{}", bounds[i]) : "+Inf";
    add_line("_bucket", fmt::format("{}{}le=\"{}\"", labels, comma, bound),
             fmt::format("{}", count));
  }
  add_line("_sum", labels, fmt::format("{}", sum));
  add_line("_count", labels, fmt::format("{}", count));
}

void Exposition::add_line(std::string_view suffix, std::string_view labels,
                          std::string_view value) {
  text_ += name_;
  text_ += suffix;
  if (!labels.empty()) text_ += fmt::format("{{{}}}", labels);
  text_ += fmt::format(" {}\n", value);
}

}  // namespace waypost::api
