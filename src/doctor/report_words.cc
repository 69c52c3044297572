#include "doctor/report_words.h"

#include <algorithm>

#include <fmt/format.h>

#include "checks/wording.h"

namespace waypost::doctor {
namespace {

// Whether every place of a text is known.
bool can_fill(std::string_view text, const Parameters& values) {
  for (const std::string& place : checks::places_in(text))
    if (!values.contains(place)) return false;
  return true;
}

bool fits(const checks::Fix& fix, const Parameters& values) {
  if (!can_fill(fix.text, values)) return false;
  return std::all_of(fix.set.begin(), fix.set.end(),
                     [&values](const auto& pair) { return can_fill(pair.second, values); });
}

ShownFix shown(const checks::Fix& fix, const Fix* tested, const Parameters& values) {
  ShownFix result{&fix, tested, checks::fill(fix.text, values), {}, {}};
  for (const std::string& line : fix.lines)
    if (can_fill(line, values)) result.lines.push_back(checks::fill(line, values));
  for (const auto& [program, hint] : fix.hints)
    if (can_fill(hint, values)) result.hints.push_back({program, checks::fill(hint, values)});
  return result;
}

// What it means for mail: it stops it, it does so for now, it does not.
enum class Weight { broken, passing, warning, note };

Weight weight_of(const Finding& finding) {
  if (finding.temporary || finding.unfinished) return Weight::passing;
  if (finding.severity == Severity::error) return Weight::broken;
  return finding.severity == Severity::warning ? Weight::warning : Weight::note;
}

}  // namespace

std::vector<ShownFix> fixes_of(const Finding& finding, const checks::Check& check) {
  std::vector<ShownFix> works, rest;
  for (const checks::Fix& fix : check.fixes) {
    auto tested = std::find_if(finding.fixes.begin(), finding.fixes.end(),
                               [&fix](const Fix& each) { return each.id == fix.id; });
    bool known = tested != finding.fixes.end();
    if (!fits(fix, finding.parameters)) continue;
    if (known && tested->tested == Tested::fails) continue;
    bool worked = known && tested->tested == Tested::works;
    (worked ? works : rest).push_back(shown(fix, known ? &*tested : nullptr, finding.parameters));
  }
  works.insert(works.end(), rest.begin(), rest.end());
  return works;
}

std::vector<std::string> ruled_out_by(const Finding& finding, const checks::Check* check) {
  static constexpr const char* below[] = {"DNS", "port and network", "encryption and certificate"};
  std::vector<std::string> things;
  // Beyond the login it is not known here whether there was one, nor whether TLS was asked for.
  const int known = finding.rung == Rung::login && finding.rules_out_tls ? 3 : 2;
  for (int rung = 1; rung < static_cast<int>(finding.rung) && rung <= known; ++rung)
    things.emplace_back(below[rung - 1]);
  things.insert(things.end(), finding.ruled_out.begin(), finding.ruled_out.end());
  if (check) things.insert(things.end(), check->rules_out.begin(), check->rules_out.end());
  return things;
}

std::vector<const Finding*> gravest_first(const RungResult& result) {
  std::vector<const Finding*> found;
  for (const Finding& finding : result.findings) found.push_back(&finding);
  std::stable_sort(found.begin(), found.end(), [](const Finding* one, const Finding* other) {
    return weight_of(*one) < weight_of(*other);
  });
  return found;
}

std::vector<const Finding*> gravest_first(const Report& report) {
  const Finding* first = decisive(report);
  std::vector<const Finding*> found;
  for (const RungResult& result : report.rungs)
    for (const Finding& finding : result.findings) found.push_back(&finding);
  // Beside it, what stops mail for good or for now stands in the order of the rungs.
  auto rank = [first](const Finding* finding) {
    return finding == first ? Weight::broken : std::max(weight_of(*finding), Weight::passing);
  };
  std::stable_sort(found.begin(), found.end(), [&rank](const Finding* one, const Finding* other) {
    return rank(one) < rank(other);
  });
  return found;
}

std::string weight_and_confidence(const Finding& finding) {
  const Weight weight = weight_of(finding);
  if (weight != Weight::warning && weight != Weight::note)
    return std::string(name(finding.confidence));
  return fmt::format("{}, {}", name(finding.severity), name(finding.confidence));
}

const Finding* decisive(const Report& report) {
  auto stopped = report.stopped_at();
  if (!stopped) return nullptr;
  for (const RungResult& result : report.rungs) {
    if (result.rung != *stopped) continue;
    for (const Finding* finding : gravest_first(result)) {
      const bool is_it = weight_of(*finding) <= Weight::passing;
      if (is_it && !(finding->unfinished && result.status == RungStatus::fail)) return finding;
    }
  }
  return nullptr;
}

bool half_broken(const Report& report) {
  const Finding* finding = decisive(report);
  return finding && (finding->id == "M2006" || finding->id == "M2007" || finding->id == "M2024");
}

std::string verdict_word(const Report& report) {
  int code = report.exit_code();
  if (code == 0) return "ok";
  if (code == 75) return "temporary";
  if (code == 2) return "unfinished";
  return half_broken(report) ? "half-broken" : "broken";
}

std::string verdict_of(const Report& report, const checks::Catalogue& catalogue) {
  std::string word = verdict_word(report);
  if (word == "ok") {
    bool warned = std::any_of(report.rungs.begin(), report.rungs.end(),
                              [](const auto& result) { return result.status == RungStatus::warn; });
    unsigned reached = 0;
    for (const RungResult& result : report.rungs)
      if (result.status != RungStatus::skipped) reached = static_cast<unsigned>(result.rung);
    return fmt::format("Nothing is broken up to step {} of 6{}.", reached,
                       warned ? "; see the warnings" : "");
  }
  const Finding* finding = decisive(report);
  Rung rung = *report.stopped_at();
  int n = static_cast<int>(rung);
  std::string where = fmt::format("step {} of 6 ({})", n, checks::rung_title(n));
  const checks::Check* check = finding ? catalogue.find(finding->id) : nullptr;
  std::string what = check     ? checks::fill(check->verdict, finding->parameters)
                     : finding ? finding->observed
                               : "it could not be tested";
  while (what.ends_with('.')) what.pop_back();
  const char* begin = word == "half-broken" ? "Half broken at"
                      : word == "broken"    ? "Broken at"
                      : word == "temporary" ? "For now stopped at"
                                            : "Not finished at";
  return fmt::format("{} {}: {}.", begin, where, what);
}

std::string side_effects_of(const Report& report) {
  const SideEffects& effects = report.effects;
  auto count = [](unsigned number, const char* one, const char* many, const char* none) {
    return number == 0 ? std::string(none) : fmt::format("{} {}", number, number == 1 ? one : many);
  };
  const std::string mailboxes =
      effects.mailboxes == 0
          ? ""
          : ", " + count(effects.mailboxes, "mailbox looked into", "mailboxes looked into", "");
  return fmt::format(
      "{}, {}, {}{}", count(effects.connections, "connection", "connections", "no connection"),
      count(effects.login_attempts, "login attempt", "login attempts", "no login attempt"),
      effects.messages_unknown > 0
          ? "whether the message was taken is not known"
          : count(effects.messages_sent, "message sent", "messages sent", "nothing sent"),
      mailboxes);
}

}  // namespace waypost::doctor
