#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "toml/code_point.h"
#include "toml/diagnostic.h"
#include "toml/secret_value.h"

namespace waypost::toml {
namespace {

constexpr size_t columns_max = 100;
constexpr size_t columns_before_caret = 60;  // of a line that is too long to show whole
constexpr size_t tab_columns = 4;

class Palette {
 public:
  explicit Palette(bool on) : on_(on) {}
  std::string strong(std::string_view text) const { return paint("1", text); }
  std::string frame(std::string_view text) const { return paint("1;34", text); }
  std::string mark(Severity severity, std::string_view text) const {
    return paint(severity == Severity::error ? "1;31" : "1;33", text);
  }

 private:
  std::string paint(std::string_view code, std::string_view text) const {
    return on_ ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  }
  bool on_;
};

std::string_view line_of(std::string_view text, unsigned number) {
  for (unsigned i = 1; i < number; ++i) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string_view line = text.substr(0, text.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Controls, and the marks that turn the direction of writing, could make a terminal show another
// text than the one that is there.
bool is_deceptive(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x200b && c <= 0x200f) ||
         (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

// A source line as it is shown, with the caret's place in shown columns from 0.
struct Shown {
  std::string text;
  size_t caret = 0;
  size_t length = 1;
};

// One text for each column that is shown; a tab has several.
std::vector<std::string> to_cells(std::string_view line, unsigned column, Shown& shown) {
  std::vector<std::string> cells;
  unsigned at_column = 1;
  size_t length = shown.length;
  size_t end_cell = std::string_view::npos;
  for (size_t at = 0; at < line.size(); ++at_column) {
    if (at_column == column) shown.caret = cells.size();
    if (at_column == column + length) end_cell = cells.size();
    CodePoint point = decode(line, at);
    if (point.value == '\t')
      cells.insert(cells.end(), tab_columns, " ");
    else if (!point.valid || is_deceptive(point.value))
      cells.push_back("?");
    else
      cells.emplace_back(line.substr(at, point.octets));
    at += point.octets;
  }
  if (column >= at_column) shown.caret = cells.size();
  shown.length = std::min(end_cell, std::max(cells.size(), shown.caret + 1)) - shown.caret;
  return cells;
}

Shown show(std::string_view line, const Diagnostic& diagnostic) {
  Shown shown;
  shown.length = diagnostic.length;
  std::vector<std::string> cells = to_cells(line, diagnostic.column, shown);
  size_t first = 0;
  if (cells.size() > columns_max && shown.caret > columns_before_caret)
    first = shown.caret - columns_before_caret;
  size_t last = std::min(cells.size(), first + columns_max);
  for (size_t i = first; i < last; ++i) shown.text += cells[i];
  if (last < cells.size()) shown.text += "...";
  if (first > 0) shown.text.insert(0, "...");
  shown.caret = shown.caret - first + (first > 0 ? 3 : 0);
  shown.length = std::clamp<size_t>(shown.length, 1, columns_max);
  return shown;
}

std::string label(const Diagnostic& diagnostic) {
  if (!diagnostic.did_you_mean) return diagnostic.expected;
  std::string question = fmt::format("did you mean `{}`?", *diagnostic.did_you_mean);
  return diagnostic.expected.empty() ? question
                                     : fmt::format("{}; {}", diagnostic.expected, question);
}

std::string render_help(const Diagnostic& diagnostic, std::string_view indent,
                        const Palette& palette) {
  std::string text;
  std::string_view rest = diagnostic.help;
  while (!rest.empty()) {
    size_t end = std::min(rest.find('\n'), rest.size());
    std::string lead = text.empty() ? fmt::format("{} help:", palette.frame("=")) : "       ";
    text += fmt::format("{} {} {}\n", indent, lead, rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return text;
}

std::string render_line(const Diagnostic& diagnostic, std::string_view line,
                        std::string_view indent, const Palette& palette) {
  const size_t secret = secret_value(line);
  const std::string hidden =
      secret == line.npos ? "" : std::string(line.substr(0, secret)) + "[hidden]";
  Shown shown = show(hidden.empty() ? line : hidden, diagnostic);
  std::string bar = palette.frame("|");
  std::string carets = palette.mark(diagnostic.severity, std::string(shown.length, '^'));
  std::string beside = palette.mark(diagnostic.severity, label(diagnostic));
  return fmt::format("{0} {1}\n{2} {1} {3}\n{0} {1} {4}{5}{6}{7}\n", indent, bar,
                     palette.frame(fmt::format("{}", diagnostic.line)), shown.text,
                     std::string(shown.caret, ' '), carets, label(diagnostic).empty() ? "" : " ",
                     beside);
}

}  // namespace

std::string render(const Diagnostic& diagnostic, std::span<const Source> sources, bool color) {
  Palette palette(color);
  bool is_error = diagnostic.severity == Severity::error;
  std::string text =
      fmt::format("{}{}\n", palette.mark(diagnostic.severity, is_error ? "error" : "warning"),
                  palette.strong(": " + diagnostic.message));
  std::string indent(diagnostic.line == 0 ? 1 : std::to_string(diagnostic.line).size(), ' ');
  std::string arrow = palette.frame("-->");
  if (diagnostic.line == 0) {
    if (!diagnostic.file.empty()) text += fmt::format("{}{} {}\n", indent, arrow, diagnostic.file);
    return text + render_help(diagnostic, indent, palette);
  }
  text += fmt::format("{}{} {}:{}:{}\n", indent, arrow, diagnostic.file, diagnostic.line,
                      diagnostic.column);
  auto source = std::find_if(sources.begin(), sources.end(),
                             [&](const Source& s) { return s.name == diagnostic.file; });
  if (source != sources.end())
    text += render_line(diagnostic, line_of(source->text, diagnostic.line), indent, palette);
  return text + render_help(diagnostic, indent, palette);
}

}  // namespace waypost::toml
