#include "doctor/report_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "checks/wording.h"
#include "doctor/report_words.h"

namespace waypost::doctor {
namespace {

using explain::Page;
using explain::Tone;

constexpr size_t block_lines_max = 16;
constexpr size_t line_columns = 52;
constexpr size_t text_column = 18;
constexpr size_t changed_column = 6;
constexpr size_t quote_lines_max = 4;
constexpr size_t hints_max = 2;
// Where commands and settings stand, whole, so that they can be pasted.
constexpr size_t lines_column = 12;
// The most asked about first.
constexpr std::array<std::string_view, 6> programs_shown{"nodemailer", "phpmailer", "django",
                                                         "laravel",    "msmtp",     "postfix"};

std::string_view mark_of(RungStatus status) {
  switch (status) {
    case RungStatus::pass:
      return "ok";
    case RungStatus::warn:
      return "warn";
    case RungStatus::fail:
      return "FAIL";
    case RungStatus::unknown:
      return "?";
    case RungStatus::skipped:
      return "-";
  }
  return "-";
}

// Words of at most `columns` each line; what has no space is cut.
std::vector<std::string> wrapped(std::string text, size_t columns) {
  std::vector<std::string> lines;
  while (text.size() > columns) {
    size_t at = text.rfind(' ', columns);
    if (at == std::string::npos || at == 0) at = columns;
    lines.push_back(text.substr(0, at));
    text.erase(0, at + (at < text.size() && text[at] == ' ' ? 1 : 0));
  }
  lines.push_back(std::move(text));
  return lines;
}

std::string took(const RungResult& result) {
  if (result.status == RungStatus::skipped) return {};
  return shown_time(result.took);
}

std::string without_end_spaces(std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

std::string tested_mark(const ShownFix& fix) {
  if (!fix.tested || fix.tested->tested == Tested::not_tested) return " (not tested)";
  if (fix.tested->result.empty()) return " (tested now: works)";
  return fmt::format(" (tested now: {})", fix.tested->result);
}

std::vector<std::string_view> programs_of(const TextOptions& options) {
  if (!options.program.empty()) return {options.program};
  return {programs_shown.begin(), programs_shown.end()};
}

// The block of one finding.
class Block {
 public:
  Block(const Finding& finding, const Report& report, const checks::Catalogue& catalogue,
        const TextOptions& options)
      : finding_(finding), report_(report), check_(catalogue.find(finding.id)), options_(options) {}

  Page page() {
    begin();
    Page tail = end();
    if (check_) add_fixes(tail.lines().size());
    page_.append(tail);
    return std::move(page_);
  }

 private:
  void begin();
  void add_fixes(size_t lines_after);
  Page fix(const ShownFix& fix, bool first) const;
  Page end() const;
  std::string filled(std::string_view text) const {
    return checks::fill(text, finding_.parameters);
  }

  const Finding& finding_;
  const Report& report_;
  const checks::Check* check_;
  const TextOptions& options_;
  Page page_;
};

void Block::begin() {
  page_.headline(finding_.id, check_ ? filled(check_->title) : finding_.observed,
                 fmt::format("({})", weight_and_confidence(finding_)));
  page_.blank();
  std::string seen = check_ ? filled(check_->observed) : "";
  if (!seen.empty()) page_.paragraph(seen, 2);
  bool quoted = finding_.observed.empty() || seen.find(finding_.observed) != seen.npos;
  if (!quoted) page_.quote(finding_.observed, quote_lines_max);
  if (check_) page_.paragraph(filled(check_->means), 2);
  for (const std::string& note : finding_.notes) page_.paragraph(note, 2);
  page_.blank();
}

Page Block::fix(const ShownFix& fix, bool first) const {
  Page page;
  page.labelled(first ? "Fix" : "Or", fix.text + tested_mark(fix), first ? Tone::fix : Tone::plain);
  // Whose file was read sees its own lines instead.
  size_t shown = options_.changed_lines.empty() ? 0 : hints_max;
  for (std::string_view program : programs_of(options_)) {
    auto hint = std::find_if(fix.hints.begin(), fix.hints.end(),
                             [program](const auto& pair) { return pair.first == program; });
    if (hint == fix.hints.end() || shown == hints_max) continue;
    page.setting(checks::program_name(program), hint->second, lines_column);
    ++shown;
  }
  for (const std::string* last = nullptr; const std::string& line : fix.lines) {
    // Two places may be filled with the same name.
    if (last == nullptr || *last != line) page.whole(line, lines_column, Tone::quote);
    last = &line;
  }
  return page;
}

// As many as there is room for, the first in any case.
void Block::add_fixes(size_t lines_after) {
  bool first = true;
  for (const ShownFix& each : fixes_of(finding_, *check_)) {
    Page words = fix(each, first);
    size_t used = page_.lines().size() + words.lines().size() + lines_after;
    if (!first && used > block_lines_max) continue;
    page_.append(words);
    first = false;
  }
}

Page Block::end() const {
  Page page;
  page.line("");
  auto things = ruled_out_by(finding_, check_);
  std::string line;
  if (!things.empty()) line = fmt::format("Ruled out: {}.", fmt::join(things, ", "));
  bool withheld = report_.with_login && report_.effects.login_attempts == 0;
  if (withheld && finding_.severity == Severity::error)
    line += line.empty() ? "Password was not sent." : " Password was not sent.";
  if (!line.empty()) page.paragraph(line, 2);
  page.paragraph(fmt::format("More: waypost explain {}", finding_.id), 2);
  return page;
}

}  // namespace

Page rung_lines(const RungResult& result) {
  Page page;
  std::string text = base::escape_control(result.line);
  std::vector<std::string> lines = wrapped(text, line_columns);
  Tone tone = result.status == RungStatus::fail ? Tone::verdict : Tone::plain;
  for (size_t i = 0; i < lines.size(); ++i) {
    int n = static_cast<int>(result.rung);
    if (i == 0)
      page.line(without_end_spaces(fmt::format(" {} {:<8} {:<5} {:<{}} {:>8}", n,
                                               checks::rung_title(n), mark_of(result.status),
                                               lines[i], line_columns, took(result))),
                tone);
    else
      page.line(std::string(text_column - 1, ' ') + lines[i], tone);
  }
  return page;
}

// What was learnt on the rung, as the JSON report has it.
Page fact_lines(const RungResult& result) {
  Page page;
  for (const Fact& fact : result.facts)
    if (!fact.values.empty())
      page.paragraph(
          base::escape_control(fmt::format("{}: {}", fact.key, fmt::join(fact.values, ", "))),
          text_column - 1);
  return page;
}

std::string evidence_line(const Evidence& evidence) {
  char who = '*';
  if (evidence.kind == Evidence::Kind::sent) who = 'C';
  if (evidence.kind == Evidence::Kind::received) who = 'S';
  if (evidence.kind == Evidence::Kind::dns) who = 'D';
  double seconds = std::chrono::duration<double>(evidence.at).count();
  std::string whose = evidence.connection.empty() ? "" : fmt::format(" [{}]", evidence.connection);
  return fmt::format("{:+.3f}{} {}: {}", seconds, whose, who, evidence.text);
}

// Where the users of a walked domain hand in their mail, beside its mail hosts.
void add_services(const Report& report, Page& page) {
  for (const RungResult& result : report.rungs)
    for (const Fact& fact : result.facts)
      for (size_t i = 0; fact.key == "submission" && i < fact.values.size(); ++i)
        page.paragraph("Submission of its users: " + base::escape_control(fact.values[i]) + ".", 0);
}

void add_remarks(const Report& report, Page& page) {
  for (const RungResult& result : report.rungs)
    for (const std::string& remark : result.remarks)
      page.paragraph(base::escape_control(remark), 0);
}

// Their places in the file are theirs: only the margin is ours.
void add_changed_lines(std::string_view lines, Page& page) {
  for (size_t shown = 0; !lines.empty() && shown < block_lines_max; ++shown) {
    const size_t end = std::min(lines.find('\n'), lines.size());
    page.whole(lines.substr(0, end), changed_column, Tone::quote);
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
}

Page report_page(const Report& report, const checks::Catalogue& catalogue,
                 const TextOptions& options) {
  Page page;
  if (options.transcript) {
    for (const Evidence& evidence : report.evidence) page.paragraph(evidence_line(evidence), 0);
    page.line("");
  }
  for (const RungResult& result : report.rungs) {
    page.append(rung_lines(result));
    for (const SeedResult& seed : result.seeds)
      page.paragraph(base::escape_control(seed.line()), text_column - 1);
    if (options.facts) page.append(fact_lines(result));
  }
  for (const Finding* finding : gravest_first(report)) {
    page.line("");
    page.append(Block(*finding, report, catalogue, options).page());
  }
  if (!options.changed_lines.empty()) {
    page.line("");
    page.paragraph(fmt::format("{} as it should read{}:", options.changed_file,
                               options.changed_and_tried ? "" : " (not tested)"),
                   2);
    add_changed_lines(options.changed_lines, page);
  }
  page.line("");
  add_services(report, page);
  add_remarks(report, page);
  page.paragraph(fmt::format("Done: {}.", side_effects_of(report)), 0);
  page.paragraph(verdict_of(report, catalogue), 0, Tone::verdict);
  return page;
}

}  // namespace waypost::doctor
