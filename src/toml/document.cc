#include "toml/document.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <toml++/toml.h>

#include "toml/outline.h"

namespace waypost::toml {
namespace {

constexpr size_t file_octets_max = 1 << 20;
constexpr size_t broken_lines_max = 20;

Place place_of(const ::toml::source_region& region, unsigned source) {
  bool one_line = region.end.line == region.begin.line && region.end.column > region.begin.column;
  return {source, region.begin.line, region.begin.column,
          one_line ? region.end.column - region.begin.column : 1};
}

Node convert(const ::toml::node& value, unsigned source);

Node convert_table(const ::toml::table& table, unsigned source) {
  Node node{Node::Kind::table, place_of(table.source(), source), {}, 0, 0, false, {}, {}};
  for (const auto& [key, value] : table)
    node.members.push_back(
        {std::string(key.str()), place_of(key.source(), source), convert(value, source)});
  return node;
}

Node convert_list(const ::toml::array& list, unsigned source) {
  Node node{Node::Kind::list, place_of(list.source(), source), {}, 0, 0, false, {}, {}};
  for (const ::toml::node& item : list) node.items.push_back(convert(item, source));
  return node;
}

Node convert(const ::toml::node& value, unsigned source) {
  if (const ::toml::table* table = value.as_table()) return convert_table(*table, source);
  if (const ::toml::array* list = value.as_array()) return convert_list(*list, source);
  Node node;
  node.kind = Node::Kind::date_or_time;
  node.place = place_of(value.source(), source);
  if (const auto* text = value.as_string()) {
    node.kind = Node::Kind::text;
    node.text = text->get();
  } else if (const auto* integer = value.as_integer()) {
    node.kind = Node::Kind::integer;
    node.integer = integer->get();
  } else if (const auto* real = value.as_floating_point()) {
    node.kind = Node::Kind::real;
    node.real = real->get();
  } else if (const auto* boolean = value.as_boolean()) {
    node.kind = Node::Kind::boolean;
    node.boolean = boolean->get();
  }
  return node;
}

// Debian's library reports errors by throwing; nothing thrown leaves this function.
std::optional<SyntaxError> parse_into(Node& root, std::string_view text, unsigned source) {
  try {
    root = convert_table(::toml::parse(text), source);
    return std::nullopt;
  } catch (const ::toml::parse_error& error) {
    return SyntaxError{place_of(error.source(), source), std::string(error.description())};
  } catch (const std::exception& error) {
    return SyntaxError{Place{source, 1, 1, 1}, error.what()};
  }
}

std::optional<SyntaxError> refuse_beforehand(std::string_view text, unsigned source) {
  if (text.size() > file_octets_max)
    return SyntaxError{Place{source, 0, 0, 1}, "the file is larger than 1 MiB"};
  if (std::optional<Place> bad = first_invalid_utf8(text)) {
    bad->source = source;
    return SyntaxError{*bad, "invalid utf-8"};
  }
  if (std::optional<Place> deep = Outline(text).too_deep()) {
    deep->source = source;
    return SyntaxError{*deep, "nested too deeply"};
  }
  return std::nullopt;
}

void blank_out(std::string& text, std::string_view whole, std::string_view line) {
  size_t start = size_t(line.data() - whole.data());
  std::fill_n(text.begin() + std::ptrdiff_t(start), line.size(), ' ');
}

}  // namespace

std::string_view describe(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::text:
      return "text";
    case Node::Kind::integer:
    case Node::Kind::real:
      return "a number";
    case Node::Kind::boolean:
      return "true or false";
    case Node::Kind::date_or_time:
      return "a date or time";
    case Node::Kind::list:
      return "a list";
    case Node::Kind::table:
      return "a table";
  }
  return "something else";
}

Document read_document(std::string_view text, unsigned source) {
  Document document;
  if (auto error = refuse_beforehand(text, source)) {
    document.errors.push_back(*std::move(error));
    return document;
  }
  Outline outline(text);
  std::string remaining(text);
  while (auto error = parse_into(document.root, remaining, source)) {
    size_t line = error->place.line;
    bool again = document.errors.empty() || document.errors.back().place.line < line;
    document.errors.push_back(*std::move(error));
    if (!again || !outline.stands_alone(line) || document.errors.size() == broken_lines_max) break;
    blank_out(remaining, text, outline.line(line));
  }
  return document;
}

}  // namespace waypost::toml
