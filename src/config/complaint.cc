#include "config/complaint.h"

#include <fmt/format.h>

#include "toml/wording.h"

namespace waypost::config {

using toml::in_backquotes;
namespace {

void complain(Notebook& notebook, Severity severity, const Place& place, Complaint complaint) {
  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.message = std::move(complaint.message);
  diagnostic.expected = std::move(complaint.expected);
  diagnostic.help = std::move(complaint.help);
  notebook.report(place, std::move(diagnostic));
}

}  // namespace

void refuse_at(Notebook& notebook, const Place& place, Complaint complaint) {
  complain(notebook, Severity::error, place, std::move(complaint));
}

void warn_at(Notebook& notebook, const Place& place, Complaint complaint) {
  complain(notebook, Severity::warning, place, std::move(complaint));
}

std::string item(std::string_view section, size_t index) {
  return fmt::format("{}[{}]", section, index);
}

Place first_written(const Notebook& notebook, const std::string& a, const std::string& b) {
  return notebook.is_written(a) ? notebook.place(a) : notebook.place(b);
}

void check_once(Notebook& notebook, std::map<std::string, Place>& seen, const std::string& value,
                const Place& place, std::string_view table, std::string_view what) {
  auto [known, is_new] = seen.try_emplace(value, place);
  if (is_new) return;
  refuse_at(notebook, place,
            {fmt::format("the {} {} is used twice", what, in_backquotes(value)),
             fmt::format("first used at {}", notebook.origin(known->second).text()),
             fmt::format("only one of the two could apply: give each {} its own {}", table, what)});
}

}  // namespace waypost::config
