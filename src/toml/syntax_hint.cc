#include "toml/syntax_hint.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "base/ascii.h"
#include "toml/secret_value.h"
#include "toml/wording.h"

namespace waypost::toml {
namespace {

struct Hint {
  std::string_view fragment;  // of the parser's description
  std::string_view message;
  std::string_view expected;
  std::string_view help;
};

// The first that fits is taken.
constexpr std::array hints = std::to_array<Hint>({
    {"larger than 1 MiB", "the file is larger than 1 MiB", "",
     "a configuration is some kilobytes long: is this the right file?"},
    {"invalid utf-8", "this is not UTF-8", "", "save the file in the encoding UTF-8"},
    {"nested too deeply", "lists or tables are nested too deeply", "",
     "no key of Waypost needs more than three levels"},
    {"expected '=', saw ':'", "a key and its value are joined by `=`", "expected `=`",
     "TOML is not YAML: write `key = value`"},
    {"expected '='", "this key has no value", "expected `=` and a value", "write `key = value`"},
    {"expected value, saw", "this key has no value", "expected a value",
     "delete the line to have the default"},
    {"table header: expected ']'", "this header is not closed", "expected `]`",
     "write `[name]`, or `[[name]]` for one of several"},
    {"table header: expected a comment", "text stands behind the header", "expected the line's end",
     "write each key on a line of its own"},
    {"blank bare keys", "this header has no name", "expected a name", ""},
    {"string: unescaped control", "this text has no closing quote", "expected a closing quote", ""},
    {"string: control characters", "this text has no closing quote", "expected a closing quote",
     ""},
    {"string: unknown escape", "this backslash means nothing here", "",
     "write two backslashes for one, or put the text in single quotes, where nothing is special"},
    {"string: encountered end-of-file", "the file ends inside a quoted text", "", ""},
    {"array: encountered end-of-file", "the file ends inside a list", "expected `]`", ""},
    {"array: expected comma", "two elements of a list stand side by side", "expected `,` or `]`",
     ""},
    {"encountered end-of-file", "the file ends too early", "", ""},
    {"inline table: expected key or", "an inline table must end on its line", "expected `}`",
     "write it on one line, or as a [table] of its own"},
    {"dangling comma", "an inline table has no comma behind its last key", "", "delete the comma"},
    {"leading zeroes", "a number does not begin with 0", "", ""},
    {"expected a comment or whitespace", "text stands behind the value", "expected the line's end",
     "a comment begins with `#`"},
    {"saw ';'", "a comment begins with `#`", "expected `#`", ""},
    {"saw '/'", "a comment begins with `#`", "expected `#`", ""},
    {"expected keys, tables", "this is neither a key nor a [table]", "expected `key = value`", ""},
    {"could not determine value type", "this is not a value", "expected a value",
     "text stands in double quotes"},
});

// "Error while parsing array: expected ..." without its first half.
std::string_view essence(std::string_view description) {
  size_t colon = description.find(": ");
  return colon == std::string_view::npos ? description : description.substr(colon + 2);
}

struct Statement {
  std::string_view key;
  std::string_view value;     // without comment when it has no quotes
  unsigned value_column = 0;  // from 1
};

// `key = value`, when the line looks so.
std::optional<Statement> as_statement(std::string_view line) {
  size_t equals = line.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  std::string_view key = base::trim(line.substr(0, equals));
  size_t start = line.find_first_not_of(" \t", equals + 1);
  if (key.empty() || start == std::string_view::npos) return std::nullopt;
  std::string_view value = line.substr(start);
  if (value.front() != '"' && value.front() != '\'') value = value.substr(0, value.find('#'));
  return Statement{key, base::trim(value), unsigned(start + 1)};
}

// `hostname = mail.example.com`, `retry_first = 5m`: by far the commonest mistake.
std::optional<Diagnostic> unquoted_text(const Outline& outline, Place& place) {
  std::optional<Statement> statement = as_statement(outline.line(place.line));
  if (!outline.stands_alone(place.line) || !statement || place.column < statement->value_column)
    return std::nullopt;
  char first = statement->value.empty() ? '"' : statement->value.front();
  bool is_bare = base::is_alnum(first) || first == '/' || first == '*' || first == ':';
  if (!is_bare || statement->value.find_first_of("\"'") != std::string_view::npos)
    return std::nullopt;
  Diagnostic diagnostic;
  diagnostic.message = "this text needs quotes";
  diagnostic.expected = "expected text in double quotes";
  const bool is_secret = secret_value(outline.line(place.line)) != std::string_view::npos;
  const std::string value = is_secret ? "\"...\"" : as_toml(statement->value);
  diagnostic.help = fmt::format("write `{} = {}`", statement->key, value);
  place.column = statement->value_column;
  place.length = unsigned(statement->value.size());
  return diagnostic;
}

// Goes back to the header of the table that the line is in.
size_t line_that_sets(std::string_view key, const Outline& outline, size_t before) {
  for (size_t number = before - 1; number >= 1; --number) {
    std::string_view line = base::trim(outline.line(number));
    if (line.starts_with('[') && outline.opened_at(number) == 0) return 0;
    std::optional<Statement> statement = as_statement(line);
    if (statement && statement->key == key) return number;
  }
  return 0;
}

std::optional<Diagnostic> written_twice(const SyntaxError& error, const Outline& outline,
                                        Place& place) {
  bool is_key = error.description.find("key-value pair: cannot redefine") != std::string::npos;
  std::optional<Statement> statement = as_statement(outline.line(place.line));
  if (!is_key || !statement || !outline.stands_alone(place.line)) return std::nullopt;
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("{} is set twice", in_backquotes(statement->key));
  size_t first = line_that_sets(statement->key, outline, place.line);
  if (first != 0) diagnostic.expected = fmt::format("first set on line {}", first);
  diagnostic.help = "delete one of the two; only a file in conf.d can set a key again";
  place.column = unsigned(outline.line(place.line).find(statement->key) + 1);
  place.length = unsigned(statement->key.size());
  return diagnostic;
}

// The caret goes under the whole header.
std::optional<Diagnostic> table_twice(const SyntaxError& error, const Outline& outline,
                                      Place& place) {
  if (error.description.find("table header: cannot redefine") == std::string::npos)
    return std::nullopt;
  std::string_view line = outline.line(place.line);
  std::string_view header = base::trim(line.substr(0, line.find('#')));
  if (header.empty()) return std::nullopt;
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("{} is already there", in_backquotes(header));
  for (size_t number = 1; number < place.line && diagnostic.expected.empty(); ++number)
    if (base::trim(outline.line(number)).starts_with(header))
      diagnostic.expected = fmt::format("first begun on line {}", number);
  diagnostic.help =
      "put the keys of both under one header; where several are meant, as in [[listener]], every "
      "header has two brackets";
  place.column = unsigned(line.find(header) + 1);
  place.length = unsigned(header.size());
  return diagnostic;
}

// The mistake is above: a bracket or a quote that was never closed.
std::optional<Diagnostic> still_open(const SyntaxError& error, const Outline& outline,
                                     const Place& place) {
  bool fits = error.description.find("could not determine") != std::string::npos ||
              error.description.find("end-of-file") != std::string::npos;
  size_t opened = outline.opened_at(place.line);
  if (!fits || opened == 0 || opened >= place.line) return std::nullopt;
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("what begins on line {} is not closed", opened);
  diagnostic.expected = "still open here";
  diagnostic.help = "a list ends with `]`, a text over several lines with the three quotes";
  return diagnostic;
}

Diagnostic from_hints(const SyntaxError& error) {
  Diagnostic diagnostic;
  for (const Hint& hint : hints) {
    if (error.description.find(hint.fragment) == std::string::npos) continue;
    diagnostic.message = hint.message;
    diagnostic.expected = hint.expected;
    diagnostic.help = hint.help;
    return diagnostic;
  }
  diagnostic.message = base::escape_control(essence(error.description));
  return diagnostic;
}

}  // namespace

Diagnostic explain_syntax_error(const SyntaxError& error, const Outline& outline, Place& place) {
  if (place.line == 0) return from_hints(error);
  if (auto diagnostic = written_twice(error, outline, place)) return *std::move(diagnostic);
  if (auto diagnostic = table_twice(error, outline, place)) return *std::move(diagnostic);
  if (error.description != "invalid utf-8")
    if (auto diagnostic = unquoted_text(outline, place)) return *std::move(diagnostic);
  if (auto diagnostic = still_open(error, outline, place)) return *std::move(diagnostic);
  return from_hints(error);
}

}  // namespace waypost::toml
