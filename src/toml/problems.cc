#include "toml/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "toml/outline.h"
#include "toml/syntax_hint.h"
#include "toml/wording.h"

namespace waypost::toml {

void Problems::report(const Place& place, Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) has_errors_ = true;
  if (is_full()) {
    has_dropped_ = true;
    return;
  }
  if (place.source < sources_.size()) diagnostic.file = sources_[place.source].name;
  diagnostic.line = place.line;
  diagnostic.column = place.column;
  diagnostic.length = place.line == 0 ? 0 : std::max(1u, place.length);
  problems_.push_back({place, std::move(diagnostic)});
}

void Problems::report(const Place& place, std::string message, std::string help) {
  Diagnostic diagnostic;
  diagnostic.message = std::move(message);
  diagnostic.help = std::move(help);
  report(place, std::move(diagnostic));
}

void Problems::report_unknown(const Member& member, std::string_view owner, std::string help) {
  report(member.place, fmt::format("{} has no {} of this form", owner, in_backquotes(member.key)),
         std::move(help));
}

void Problems::report_syntax(const Document& document, const Source& source) {
  if (document.errors.empty()) return;
  Outline outline(source.text);
  for (const SyntaxError& error : document.errors) {
    Place place = error.place;
    Diagnostic diagnostic = explain_syntax_error(error, outline, place);
    report(place, std::move(diagnostic));
  }
}

std::vector<Diagnostic> Problems::take() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.place.source, a.place.line, a.place.column) <
           std::tie(b.place.source, b.place.line, b.place.column);
  });
  std::vector<Diagnostic> diagnostics;
  for (Problem& problem : problems_) diagnostics.push_back(std::move(problem.diagnostic));
  problems_.clear();
  if (has_dropped_) {
    Diagnostic last;
    last.message =
        fmt::format("there are more than {} problems; the rest is not shown", problems_max);
    diagnostics.push_back(std::move(last));
  }
  return diagnostics;
}

}  // namespace waypost::toml
