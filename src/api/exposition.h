#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The text format of Prometheus 0.0.4. Pure.
namespace waypost::api {

// `name="value",…`, with what the format wants escaped; octets that are no UTF-8 are replaced.
std::string labels(
    std::initializer_list<std::pair<std::string_view, std::string_view>> names_and_values);

// Values, counted by the first bound that each keeps to; those of all together are added up.
class Histogram {
 public:
  // `bounds` grow, and outlive it.
  explicit Histogram(std::span<const double> bounds)
      : bounds_(bounds), counts_(bounds.size() + 1) {}
  void add(double value, uint64_t times = 1);

  std::span<const double> bounds() const { return bounds_; }
  std::span<const uint64_t> counts() const { return counts_; }
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<uint64_t> counts_;
  double sum_ = 0;
};

// A page, metric by metric: each begins once, and what is added is its own.
class Exposition {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help);
  // `labels` as labels() makes them, or empty.
  void add(std::string_view labels, uint64_t value);
  void add(std::string_view labels, double value);
  // Of a histogram: counts of the bounds one by one, and of what is over the last.
  void add(std::string_view labels, std::span<const double> bounds,
           std::span<const uint64_t> counts, double sum);

  const std::string& text() const { return text_; }

 private:
  void add_line(std::string_view suffix, std::string_view labels, std::string_view value);

  std::string name_;
  std::string text_;
};

}  // namespace waypost::api
