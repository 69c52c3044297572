#include "config/notebook.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "toml/wording.h"

namespace waypost::config {

void Notebook::report(const Place& place, Diagnostic diagnostic) {
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

void Notebook::report_refusal(const std::string& key, const Refusal& refusal, bool in_list,
                              std::string_view meaning) {
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("`{}` {}", key, refusal.problem);
  diagnostic.expected = refusal.expected;
  diagnostic.did_you_mean = refusal.did_you_mean;
  std::vector<std::string> help;
  if (!refusal.instead.empty() && in_list)
    help.push_back(fmt::format("write `{}`", refusal.instead));
  if (!refusal.instead.empty() && !in_list)
    help.push_back(fmt::format("write `{} = {}`", key, refusal.instead));
  if (!refusal.help.empty()) help.push_back(refusal.help);
  if (help.empty()) help.push_back(fmt::format("`{}` is {}", key, meaning));
  diagnostic.help = fmt::format("{}", fmt::join(help, "\n"));
  report(refusal.place, std::move(diagnostic));
}

void Notebook::note_written(const std::string& path, const Place& place, bool valid) {
  written_[path] = {place, valid};
}

bool Notebook::is_usable(const std::string& path) const {
  auto found = written_.find(path);
  return found == written_.end() || found->second.valid;
}

Place Notebook::place(const std::string& path) const {
  auto found = written_.find(path);
  return found == written_.end() ? Place{} : found->second.place;
}

Origin Notebook::origin(const Place& place) const {
  if (place.source >= sources_.size() || place.line == 0) return {};
  return {sources_[place.source].name, place.line};
}

std::vector<Diagnostic> Notebook::take() {
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

}  // namespace waypost::config
