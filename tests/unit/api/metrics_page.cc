#include "tests/unit/api/metrics_page.h"

#include <cmath>
#include <cstdlib>
#include <optional>
#include <vector>

namespace waypost::api {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  std::string name;
  Labels labels;
  double value = 0;
};

std::string_view take_name(std::string_view& rest) {
  const size_t end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz_");
  const std::string_view name = rest.substr(0, end);
  rest.remove_prefix(name.size());
  return name;
}

bool take(std::string_view& rest, std::string_view text) {
  if (!rest.starts_with(text)) return false;
  rest.remove_prefix(text.size());
  return true;
}

std::optional<std::string> take_value(std::string_view& rest) {
  std::string value;
  if (!take(rest, "\"")) return std::nullopt;
  while (!rest.empty() && rest.front() != '"') {
    if (take(rest, "\\n")) {
      value += '\n';
      continue;
    }
    if (take(rest, "\\") && !rest.starts_with("\\") && !rest.starts_with("\"")) return std::nullopt;
    if (rest.empty()) return std::nullopt;
    value += rest.front();
    rest.remove_prefix(1);
  }
  if (!take(rest, "\"")) return std::nullopt;
  return value;
}

bool take_labels(std::string_view& rest, Labels& labels) {
  if (!take(rest, "{")) return true;
  do {
    const std::string name(take_name(rest));
    if (name.empty() || !take(rest, "=")) return false;
    auto value = take_value(rest);
    if (!value) return false;
    labels.emplace_back(name, *std::move(value));
  } while (take(rest, ","));
  return take(rest, "}");
}

std::optional<Sample> read_sample(std::string_view line) {
  Sample sample;
  sample.name = take_name(line);
  if (sample.name.empty() || !take_labels(line, sample.labels) || !take(line, " ") || line.empty())
    return std::nullopt;
  char* end = nullptr;
  const std::string number(line);
  sample.value = std::strtod(number.c_str(), &end);
  if (*end != '\0' || !std::isfinite(sample.value) || sample.value < 0) return std::nullopt;
  return sample;
}

// Buckets of one series so far.
struct Buckets {
  double bound = -HUGE_VAL;
  double count = 0;
  bool has_sum = false;
  bool is_over = false;
};

class Reader {
 public:
  explicit Reader(ReadPage& page) : page_(page) {}

  std::string read(std::string_view line) {
    if (take(line, "# HELP ")) return begin(line);
    if (take(line, "# TYPE ")) return set_type(line);
    const auto sample = read_sample(line);
    if (!sample || !current_ || current_->type.empty()) return "it is no sample";
    const size_t space = line.rfind(' ');
    if (!current_->samples.emplace(line.substr(0, space), sample->value).second)
      return "it comes twice";
    for (const auto& [name, value] : sample->labels)
      if (name != "le") current_->labels[name].insert(value);
    if (current_->type == "histogram") return add_to_histogram(*sample);
    return sample->name == name_ ? "" : "it is of another metric";
  }

  // What a metric lacks at its end.
  std::string end() {
    for (const auto& [labels, buckets] : buckets_)
      if (!buckets.is_over) return "a histogram has no count";
    buckets_.clear();
    return "";
  }

 private:
  std::string begin(std::string_view line) {
    const std::string before = end();
    if (!before.empty()) return before;
    name_ = take_name(line);
    if (!name_.starts_with("waypost_") || !take(line, " ") || line.empty()) return "no help";
    const auto [place, is_new] = page_.metrics.try_emplace(name_);
    current_ = &place->second;
    return is_new ? "" : "it comes twice";
  }
  std::string set_type(std::string_view line) {
    if (!current_ || take_name(line) != name_ || !take(line, " ") || !current_->type.empty())
      return "a type without its help";
    current_->type = line;
    const bool counts = name_.ends_with("_total");
    if (line == "counter") return counts ? "" : "a counter without _total";
    return !counts && (line == "gauge" || line == "histogram") ? "" : "no type";
  }
  std::string add_to_histogram(const Sample& sample) {
    std::string key;
    std::string bound;
    for (const auto& [name, value] : sample.labels)
      (name == "le" ? bound : key) += name == "le" ? value : name + "=" + value + ";";
    Buckets& of = buckets_[key];
    if (of.is_over) return "it comes after its count";
    if (sample.name == name_ + "_bucket") {
      const double next = std::strtod(bound.c_str(), nullptr);
      if (bound.empty() || next <= of.bound || sample.value < of.count) return "it does not grow";
      of.bound = next;
      of.count = sample.value;
      return "";
    }
    const bool is_sum = sample.name == name_ + "_sum";
    if (!bound.empty() || !std::isinf(of.bound) || is_sum == of.has_sum) return "it is in disorder";
    of.has_sum = true;
    if (is_sum) return "";
    of.is_over = true;
    return sample.name == name_ + "_count" && sample.value == of.count ? "" : "a wrong count";
  }

  ReadPage& page_;
  std::string name_;
  ReadMetric* current_ = nullptr;
  std::map<std::string, Buckets> buckets_;
};

}  // namespace

double ReadPage::value(const std::string& sample) const {
  for (const auto& [name, metric] : metrics)
    if (const auto found = metric.samples.find(sample); found != metric.samples.end())
      return found->second;
  return -1;
}

const ReadMetric* ReadPage::find(std::string_view name) const {
  for (std::string_view suffix : {"", "_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const auto found = metrics.find(std::string(name.substr(0, name.size() - suffix.size())));
    if (found != metrics.end() && (found->second.type == "histogram") == !suffix.empty())
      return &found->second;
  }
  return nullptr;
}

ReadPage read_metrics(std::string_view text) {
  ReadPage page;
  Reader reader(page);
  if (!text.ends_with("\n")) page.trouble = "the last line has no end";
  while (page.trouble.empty() && !text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::string trouble = reader.read(line);
    if (!trouble.empty()) page.trouble = std::string(line) + ": " + trouble;
    text.remove_prefix(line.size() + 1);
  }
  if (page.trouble.empty()) page.trouble = reader.end();
  return page;
}

}  // namespace waypost::api
