#include <algorithm>

#include "base/check.h"
#include "doctor/walk.h"

namespace waypost::doctor {
namespace {

constexpr int exit_not_finished = 2;
constexpr int exit_first_rung = 10;
constexpr int exit_temporary = 75;

}  // namespace

std::string_view name(Encryption encryption) {
  switch (encryption) {
    case Encryption::starttls:
      return "starttls";
    case Encryption::implicit:
      return "implicit";
    case Encryption::none:
      return "none";
  }
  CHECK(false);
}

std::string_view name(RungStatus status) {
  switch (status) {
    case RungStatus::pass:
      return "pass";
    case RungStatus::warn:
      return "warn";
    case RungStatus::fail:
      return "fail";
    case RungStatus::unknown:
      return "unknown";
    case RungStatus::skipped:
      return "skipped";
  }
  CHECK(false);
}

void RungResult::add_fact(std::string key, std::string value) {
  facts.push_back({std::move(key), {std::move(value)}, false});
}

void RungResult::add_list(std::string key, std::vector<std::string> values) {
  facts.push_back({std::move(key), std::move(values), true});
}

void RungResult::add(Finding finding) {
  finding.rung = rung;
  if (finding.temporary || finding.unfinished)
    status = status == RungStatus::fail ? status : RungStatus::unknown;
  else if (finding.severity == Severity::error)
    status = RungStatus::fail;
  else if (finding.severity == Severity::warning && status == RungStatus::pass)
    status = RungStatus::warn;
  findings.push_back(std::move(finding));
}

std::optional<Rung> Report::stopped_at() const {
  for (const RungResult& result : rungs)
    if (result.status == RungStatus::fail) return result.rung;
  for (const RungResult& result : rungs)
    if (result.status == RungStatus::unknown) return result.rung;
  return {};
}

int Report::exit_code() const {
  bool temporary = false;
  bool unknown = false;
  for (const RungResult& result : rungs) {
    if (result.status == RungStatus::fail) return exit_first_rung + static_cast<int>(result.rung);
    unknown |= result.status == RungStatus::unknown;
    temporary |= result.status == RungStatus::unknown &&
                 std::any_of(result.findings.begin(), result.findings.end(),
                             [](const Finding& finding) { return finding.temporary; });
  }
  return temporary ? exit_temporary : unknown ? exit_not_finished : 0;
}

}  // namespace waypost::doctor
