#include "config/parse.h"

#include <fmt/format.h>

#include "config/checks.h"
#include "config/notebook.h"
#include "config/schema.h"

namespace waypost::config {

using toml::Document;
using toml::read_document;
namespace {

void report_wrong_brackets(Notebook& notebook, const Section& section, const Member& member) {
  Diagnostic diagnostic;
  diagnostic.message = section.is_repeated ? fmt::format("`{}` is a list of tables", section.name)
                                           : fmt::format("`{}` is one table", section.name);
  std::string_view form = section.is_repeated ? "[[{}]]" : "[{}]";
  std::string header = fmt::format(fmt::runtime(form), section.name);
  diagnostic.expected = fmt::format("expected `{}`", header);
  diagnostic.help = fmt::format("write `{}` on a line of its own, and its keys below", header);
  notebook.note_written(std::string(section.name), member.place, false);
  notebook.report(member.place, std::move(diagnostic));
}

bool is_list_of_tables(const Node& node) {
  if (node.kind != Node::Kind::list) return false;
  for (const Node& item : node.items)
    if (item.kind != Node::Kind::table) return false;
  return true;
}

void read_section(Notebook& notebook, const Section& section, const Member& member,
                  Config& config) {
  const Node& value = member.value;
  if (section.is_repeated && is_list_of_tables(value)) {
    for (const Node& item : value.items) section.read(notebook, item, config);
  } else if (!section.is_repeated && value.kind == Node::Kind::table) {
    section.read(notebook, value, config);
  } else {
    report_wrong_brackets(notebook, section, member);
  }
}

void read_root(Notebook& notebook, Node root, Config& config) {
  Node top;
  for (Member& member : root.members) {
    const Section* section = find_section(member.key);
    if (section != nullptr && !section->name.empty())
      read_section(notebook, *section, member, config);
    else
      top.members.push_back(std::move(member));
  }
  sections().front().read(notebook, top, config);
}

}  // namespace

Parsed parse(std::span<const Source> sources, std::span<const std::string> known_sites) {
  Notebook notebook(sources);
  Config config;
  for (size_t i = 0; i < sources.size(); ++i) {
    Document document = read_document(sources[i].text, unsigned(i));
    notebook.report_syntax(document, sources[i]);
    if (!document.errors.empty()) notebook.note_broken_line();
    read_root(notebook, std::move(document.root), config);
  }
  if (!notebook.has_broken_lines()) check_whole(notebook, config, known_sites);
  Parsed parsed;
  if (!notebook.has_errors()) parsed.config = std::move(config);
  parsed.diagnostics = notebook.take();
  return parsed;
}

}  // namespace waypost::config
