#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

// The text format of Prometheus 0.0.4, read more strictly than Prometheus does.
namespace waypost::api {

struct ReadMetric {
  std::string type;
  std::map<std::string, std::set<std::string>> labels;  // the values of each, but of `le`
  std::map<std::string, double> samples;                // by name and labels, as they stand there
};

struct ReadPage {
  std::map<std::string, ReadMetric> metrics;
  std::string trouble;  // of the first line that is none; empty: none

  // -1 for what is not there.
  double value(const std::string& sample) const;
  // Of a name as it stands in a question, "x_bucket" for "x"; null where nothing is so called.
  const ReadMetric* find(std::string_view name) const;
};

ReadPage read_metrics(std::string_view text);

}  // namespace waypost::api
