#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/terminal_text.h"
#include "doctor/report_json.h"
#include "doctor/report_words.h"

namespace waypost::doctor {
namespace {

enum Code { ok = 0, warning = 1, critical = 2, unknown = 3 };

Code code_of(const Report& report) {
  std::string word = verdict_word(report);
  if (word == "broken" || word == "half-broken") return critical;
  if (word == "unfinished") return unknown;
  if (word == "temporary") return warning;
  for (const RungResult& result : report.rungs)
    if (result.status == RungStatus::warn) return warning;
  return ok;
}

}  // namespace

// One line, with performance data behind the bar.
NagiosLine nagios_line(const Report& report, const checks::Catalogue& catalogue) {
  static constexpr const char* words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  Code code = code_of(report);
  const Finding* finding = decisive(report);
  std::string line = fmt::format("SMTP {} - {}{}", words[code], finding ? finding->id + " " : "",
                                 verdict_of(report, catalogue));
  // The bar begins the data, so there may be none before.
  for (char& c : line)
    if (c == '|') c = '/';
  auto stopped = report.stopped_at();
  line += fmt::format(" | rung={}", stopped ? static_cast<int>(*stopped) : 0);
  for (const RungResult& result : report.rungs) {
    if (result.status == RungStatus::skipped) continue;
    line += fmt::format(" {}={}ms", name(result.rung),
                        std::chrono::round<std::chrono::milliseconds>(result.took).count());
    if (!result.seeds.empty())
      line += fmt::format(
          " seeds={} seeds_in_inbox={}", result.seeds.size(),
          std::count_if(result.seeds.begin(), result.seeds.end(), [](const SeedResult& seed) {
            return seed.place == SeedPlace::inbox || seed.place == SeedPlace::tab;
          }));
    for (const Fact& fact : result.facts)
      if (fact.key == "cert_days") line += fmt::format(" cert_days={}", fact.values.front());
  }
  return {base::without_terminal_controls(base::escape_control(line)), code};
}

}  // namespace waypost::doctor
