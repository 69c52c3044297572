#include "config/keys.h"

#include <fmt/format.h>

#include "config/schema.h"
#include "toml/wording.h"

namespace waypost::config {

using toml::all_of;
using toml::closest;
using toml::in_backquotes;
namespace {

std::string header(const Section& section) {
  return fmt::format(fmt::runtime(section.is_repeated ? "[[{}]]" : "[{}]"), section.name);
}

std::string where(const Section& section) {
  return section.name.empty() ? "at the top of the file, above the first [table]"
                              : "under " + header(section);
}

std::vector<std::string_view> names(const std::vector<KeyText>& keys) {
  std::vector<std::string_view> result;
  for (const KeyText& key : keys) result.push_back(key.name);
  return result;
}

std::vector<std::string_view> section_names() {
  std::vector<std::string_view> result;
  for (const Section& section : sections())
    if (!section.name.empty()) result.push_back(section.name);
  return result;
}

bool is_table_like(const Node& node) {
  if (node.kind == Node::Kind::table) return true;
  return node.kind == Node::Kind::list && !node.items.empty() &&
         node.items.front().kind == Node::Kind::table;
}

Diagnostic unknown_table(const Member& member) {
  std::vector<std::string_view> known = section_names();
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("unknown table {}", in_backquotes(member.key));
  diagnostic.did_you_mean = closest(member.key, known);
  if (diagnostic.did_you_mean)
    diagnostic.help = fmt::format("write `{}`", header(*find_section(*diagnostic.did_you_mean)));
  else
    diagnostic.help = fmt::format("the tables are {}", all_of(known));
  return diagnostic;
}

// The other section that has a key of exactly this name.
const Section* home_of(std::string_view key, std::string_view not_this) {
  for (const Section& section : sections())
    for (const KeyText& known : section.keys)
      if (known.name == key && section.name != not_this) return &section;
  return nullptr;
}

// A near name in another section; exact ones were looked for before.
std::pair<const Section*, std::string> near_elsewhere(std::string_view key) {
  for (const Section& section : sections())
    if (auto near = closest(key, names(section.keys))) return {&section, *near};
  return {nullptr, {}};
}

// Returns the path of the key that was probably meant, empty when nothing is near.
std::string suggest(Diagnostic& diagnostic, const TableName& table, const Section& section,
                    std::string_view written) {
  if (const Section* home = home_of(written, section.name)) {
    diagnostic.expected = fmt::format("belongs {}", where(*home));
    return TableName{home->name, std::string(home->name)}.of(written);
  }
  std::vector<std::string_view> known = names(section.keys);
  diagnostic.did_you_mean = closest(written, known);
  if (diagnostic.did_you_mean) return table.of(*diagnostic.did_you_mean);
  if (auto [other, name] = near_elsewhere(written); other) {
    diagnostic.did_you_mean = name;
    diagnostic.help = fmt::format("`{}` is a key {}", name, where(*other));
    return TableName{other->name, std::string(other->name)}.of(name);
  }
  diagnostic.help = fmt::format("the keys {} are {}", where(section), all_of(known));
  return {};
}

}  // namespace

void report_unknown_key(Notebook& notebook, const TableName& table, const Member& member) {
  if (notebook.is_full()) return notebook.report(member.place, {});
  if (table.section.empty() && is_table_like(member.value))
    return notebook.report(member.place, unknown_table(member));
  const Section& section = *find_section(table.section);
  Diagnostic diagnostic;
  diagnostic.message =
      section.name.empty()
          ? fmt::format("unknown key {}", in_backquotes(member.key))
          : fmt::format("unknown key {} in {}", in_backquotes(member.key), header(section));
  std::string meant = suggest(diagnostic, table, section, member.key);
  // The key that was meant is not missing as well.
  if (!meant.empty() && !notebook.is_written(meant))
    notebook.note_written(meant, member.place, false);
  notebook.report(member.place, std::move(diagnostic));
}

void report_missing_key(Notebook& notebook, std::string_view section_name, const KeyText& key,
                        const Place& place) {
  const Section& section = *find_section(section_name);
  Diagnostic diagnostic;
  diagnostic.message = section_name.empty()
                           ? fmt::format("`{}` is missing", key.name)
                           : fmt::format("this {} has no `{}`", header(section), key.name);
  diagnostic.help =
      fmt::format("add `{} = {}` {}: {}", key.name, key.example, where(section), key.meaning);
  notebook.report(place, std::move(diagnostic));
}

void note_value(Notebook& notebook, const std::string& path, const KeyText& key,
                const Member& member, const std::vector<Refusal>& refusals) {
  notebook.note_written(path, member.value.place, refusals.empty());
  bool in_list = member.value.kind == Node::Kind::list;
  for (const Refusal& refusal : refusals)
    notebook.report_refusal(std::string(key.name), refusal, in_list, key.meaning);
}

}  // namespace waypost::config
