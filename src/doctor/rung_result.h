#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "doctor/finding.h"
#include "doctor/seed_result.h"

namespace waypost::doctor {

// One value of a rung's facts for the JSON report, in the order of adding.
struct Fact {
  std::string key;
  std::vector<std::string> values;
  bool is_list = false;
};

enum class RungStatus { pass, warn, fail, unknown, skipped };
std::string_view name(RungStatus status);

struct RungResult {
  Rung rung = Rung::name;
  RungStatus status = RungStatus::skipped;
  std::string line;  // for people, behind "ok" or "FAIL": at most 55 columns
  Duration took{0};
  std::vector<Fact> facts;
  std::vector<Finding> findings;
  std::vector<SeedResult> seeds;  // rung 6 alone
  // Sentences for people that stand at the end of the report, and are no findings.
  std::vector<std::string> remarks;

  void add_fact(std::string key, std::string value);
  void add_list(std::string key, std::vector<std::string> values);
  // Adds it, and makes the status fail or warn by its severity.
  void add(Finding finding);
};

}  // namespace waypost::doctor
