#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/paragraph.h"
#include "cli/spf_command.h"
#include "cli/words.h"

namespace waypost::cli {
namespace {

using namespace mailauth;

constexpr size_t width = 78;
constexpr size_t answers_shown_max = 4;

class Page {
 public:
  explicit Page(bool color) : color_(color) {}

  void line(std::string_view text, Style style = Style::plain) {
    text_ += styled(text, style, color_) + "\n";
  }
  void paragraph(std::string_view text, size_t indent, Style style = Style::plain) {
    const std::string all = cli::paragraph(text, indent);
    for (std::string_view rest = all; !rest.empty();) {
      const size_t end = rest.find('\n');
      line(rest.substr(0, end), style);
      rest.remove_prefix(end + 1);
    }
  }
  // `right` ends in the last column.
  void row(std::string_view left, std::string_view right, std::string_view behind = "",
           Style style = Style::plain) {
    const size_t gap =
        left.size() + right.size() + 1 < width - 12 ? width - 12 - left.size() - right.size() : 1;
    line(fmt::format("{}{}{}{}", left, std::string(gap, ' '), right, behind), style);
  }
  void blank() { text_ += "\n"; }
  std::string take() { return std::move(text_); }

 private:
  bool color_;
  std::string text_;
};

Style style_of(SpfResult result) {
  if (result == SpfResult::pass) return Style::good;
  return result == SpfResult::neutral || result == SpfResult::none ? Style::warning : Style::bad;
}

std::string meaning(const SpfFindings& findings) {
  const SpfVerdict& verdict = *findings.verdict;
  switch (verdict.result) {
    case SpfResult::pass:
      return fmt::format("{} may send for {}", findings.ip, verdict.domain);
    case SpfResult::fail:
      return fmt::format("{} may not send for {}", findings.ip, verdict.domain);
    case SpfResult::softfail:
      return fmt::format("{} should not send for {}", findings.ip, verdict.domain);
    case SpfResult::neutral:
      return fmt::format("{} says nothing about {}", verdict.domain, findings.ip);
    case SpfResult::none:
      return fmt::format("there is no SPF record to ask for {}", verdict.domain);
    case SpfResult::temperror:
      return "the name system did not answer; a receiver tries again later";
    case SpfResult::permerror:
      return "the record is broken; receivers cannot use it";
  }
  return {};
}

void show_trace(Page& page, const SpfRecordTrace& record, size_t depth);

void show_term(Page& page, const SpfTermTrace& term, size_t depth) {
  const std::string margin(2 * depth + 3, ' ');
  const bool reached = term.outcome != SpfTermOutcome::not_reached;
  const std::string count = reached && term.counted ? fmt::format("{}", term.lookups) : "-";
  const bool over = term.outcome == SpfTermOutcome::over_limit;
  const bool eleventh = over && term.lookups > spf_lookups_max;
  const Style style = term.outcome == SpfTermOutcome::matched          ? Style::good
                      : !reached                                       ? Style::dim
                      : over || term.outcome == SpfTermOutcome::failed ? Style::bad
                                                                       : Style::plain;
  page.row(fmt::format("{}{:<38} {}{}", margin, term.term, name(term.outcome),
                       term.found_nothing ? ", nothing found" : ""),
           count, eleventh ? "  <- the 11th" : "", style);
  const size_t shown = std::min(term.answers.size(), answers_shown_max);
  if (shown > 0)
    page.paragraph(
        fmt::format("{}{}",
                    fmt::join(term.answers.begin(),
                              term.answers.begin() + static_cast<ptrdiff_t>(shown), ", "),
                    shown < term.answers.size()
                        ? fmt::format(" and {} more", term.answers.size() - shown)
                        : ""),
        margin.size() + 4, Style::dim);
  if (!term.problem.empty()) page.paragraph(term.problem, margin.size() + 4, Style::bad);
  if (!term.inner.empty()) show_trace(page, term.inner.front(), depth + 1);
}

void show_trace(Page& page, const SpfRecordTrace& record, size_t depth) {
  const size_t indent = 2 * depth + 1;
  if (depth > 0)
    page.line(
        fmt::format("{}{}: {}", std::string(indent, ' '), record.domain, name(record.result)));
  if (!record.record.empty()) page.paragraph(record.record, indent + 2, Style::dim);
  if (!record.problem.empty()) page.paragraph(record.problem, indent + 2, Style::bad);
  for (const SpfTermTrace& term : record.terms) show_term(page, term, depth);
}

void show_verdict(Page& page, const SpfFindings& findings) {
  const SpfVerdict& verdict = *findings.verdict;
  page.line(fmt::format(" SPF  {}  {}", name(verdict.result), meaning(findings)),
            style_of(verdict.result));
  if (!verdict.decided_by.empty())
    page.line(fmt::format("      decided by \"{}\" in the record of {}", verdict.decided_by,
                          verdict.decided_in));
  if (!verdict.problem.empty()) page.paragraph(verdict.problem, 6);
  if (!verdict.explanation.empty())
    page.paragraph(fmt::format("{} says: \"{}\"", verdict.decided_in, verdict.explanation), 6);
  page.blank();
  page.row(" " + verdict.trace.domain, "lookups", "", Style::bold);
  show_trace(page, verdict.trace, 0);
  page.row("", fmt::format("total {} of {}", std::min(verdict.lookups, spf_lookups_max + 1),
                           spf_lookups_max));
}

void show_counts(Page& page, const SpfAnalysis& analysis) {
  page.blank();
  page.row(" The whole record, when nothing matches", "lookups", "", Style::bold);
  for (const SurveyedTerm& term : analysis.records.front().terms) {
    if (term.lookups == 0) continue;
    const bool eleventh = !analysis.eleventh.empty() && term.text == analysis.eleventh_below;
    page.row("   " + term.text, fmt::format("{}", term.lookups),
             !eleventh                        ? ""
             : term.text == analysis.eleventh ? "  <- the 11th"
                                              : "  <- the 11th below",
             eleventh ? Style::bad : Style::plain);
  }
  page.row("", fmt::format("total {}", analysis.lookups));
}

void show_proposal(Page& page, const SpfProposal& proposal) {
  page.blank();
  page.line(fmt::format(" {} record ({}, {} octets):", proposal.merged ? "One merged" : "A shorter",
                        count(proposal.lookups, "lookup"), proposal.record.size()),
            Style::bold);
  page.paragraph(proposal.record, 4, Style::good);
  if (!proposal.removed.empty())
    page.paragraph(
        fmt::format("Not needed: {}. Other terms cover it.", fmt::join(proposal.removed, ", ")), 3);
  if (!proposal.flattened.empty())
    page.paragraph(fmt::format("Written out as networks: {}. They change without notice: compare "
                               "them every week, or give that sender a subdomain.",
                               fmt::join(proposal.flattened, ", ")),
                   3);
  page.paragraph(proposal.checked
                     ? (proposal.merged ? "Checked now: it lets the same addresses pass."
                                        : "Checked now: every address gets the same result.")
                     : "Not checked: what a term matches depends on the message.",
                 3);
  if (proposal.strings.size() > 1) {
    page.paragraph("Published as one TXT record of several strings:", 3);
    for (const std::string& part : proposal.strings) page.line(fmt::format("    \"{}\"", part));
  }
}

void show_analysis(Page& page, const SpfAnalysis& analysis) {
  if (analysis.lookups > 0) show_counts(page, analysis);
  if (!analysis.remarks.empty()) page.blank();
  for (const SpfRemark& remark : analysis.remarks) {
    const bool bad = remark.weight == SpfRemark::Weight::error;
    const bool warns = remark.weight == SpfRemark::Weight::warning;
    page.paragraph(fmt::format("{} {}",
                               bad     ? "error:"
                               : warns ? "warning:"
                                       : "note:",
                               remark.text),
                   1,
                   bad     ? Style::bad
                   : warns ? Style::warning
                           : Style::plain);
  }
  if (analysis.proposal) show_proposal(page, *analysis.proposal);
}

}  // namespace

std::string spf_text(const SpfFindings& findings, bool color) {
  Page page(color);
  if (findings.verdict)
    show_verdict(page, findings);
  else if (findings.analysis)
    page.line(" SPF of " + findings.analysis->domain, Style::bold);
  if (findings.analysis)
    show_analysis(page, *findings.analysis);
  else
    page.paragraph("The record as a whole was not looked at: " + findings.not_analysed, 1,
                   Style::warning);
  return page.take();
}

}  // namespace waypost::cli
