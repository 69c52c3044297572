#include <fmt/format.h>

#include "base/ascii.h"
#include "base/terminal_text.h"
#include "checks/wording.h"
#include "doctor/report_json.h"
#include "doctor/report_text.h"
#include "doctor/report_words.h"

namespace waypost::doctor {
namespace {

// Text from outside inside a table or a paragraph: nothing of it is markup.
std::string safe(std::string_view text) {
  return base::without_terminal_controls(base::escape_control(text));
}

std::string plain(std::string_view text) {
  std::string result;
  for (char c : safe(text)) {
    if (std::string_view("\\`*_{}[]<>|#").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string finding_section(const Finding& finding, const checks::Catalogue& catalogue) {
  const checks::Check* check = catalogue.find(finding.id);
  auto filled = [&finding](std::string_view text) {
    return plain(checks::fill(text, finding.parameters));
  };
  std::string text = fmt::format("\n### {} {} ({})\n\n", finding.id,
                                 check ? filled(check->title) : "", weight_and_confidence(finding));
  if (check) text += filled(check->observed) + "\n\n";
  if (!finding.observed.empty()) text += fmt::format("    {}\n\n", safe(finding.observed));
  if (check) text += filled(check->means) + "\n\n";
  for (const std::string& note : finding.notes) text += plain(note) + "\n\n";
  if (!check) return text;
  for (const ShownFix& fix : fixes_of(finding, *check)) {
    bool works = fix.tested && fix.tested->tested == Tested::works;
    text += fmt::format("- {}: {} ({})\n", checks::actor_name(fix.words->who), plain(fix.text),
                        works ? "tested: works" : "not tested");
    for (const std::string& line : fix.lines) text += fmt::format("\n      {}\n", safe(line));
  }
  auto things = ruled_out_by(finding, check);
  if (!things.empty()) text += fmt::format("\nRuled out: {}.\n", fmt::join(things, ", "));
  return text;
}

}  // namespace

std::string report_markdown(const Report& report, const checks::Catalogue& catalogue) {
  std::string text =
      fmt::format("## Mail submission to {} port {}\n\n{}\n\n{}, with waypost doctor.\n\n",
                  plain(report.target_host), report.target_port,
                  plain(verdict_of(report, catalogue)), base::to_rfc3339(report.started));
  text += "| step | | seen | took |\n| --- | --- | --- | --- |\n";
  for (const RungResult& result : report.rungs) {
    int n = static_cast<int>(result.rung);
    text += fmt::format("| {} {} | {} | {} | {} |\n", n, checks::rung_title(n), name(result.status),
                        plain(result.line), shown_time(result.took));
  }
  for (const RungResult& result : report.rungs)
    for (const SeedResult& seed : result.seeds)
      text +=
          fmt::format("{}- {}\n", &seed == &result.seeds.front() ? "\n" : "", plain(seed.line()));
  for (const Finding* finding : gravest_first(report)) text += finding_section(*finding, catalogue);
  text += "\n### What was said\n\n";
  for (const Evidence& evidence : report.evidence)
    text += "    " + safe(evidence_line(evidence)) + "\n";
  text += fmt::format("\nDone: {}.\n", side_effects_of(report));
  return text;
}

}  // namespace waypost::doctor
