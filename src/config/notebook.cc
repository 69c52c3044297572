#include "config/notebook.h"

#include <fmt/format.h>

namespace waypost::config {

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

}  // namespace waypost::config
