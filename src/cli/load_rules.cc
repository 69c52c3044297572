#include "cli/load_rules.h"

#include <vector>

#include "classify/shipped_rules.h"
#include "cli/load_config.h"
#include "io/disk.h"

namespace waypost::cli {
namespace {

constexpr uint64_t file_octets_max = 1 << 20;

Result<void> add_local(io::Disk& disk, const std::string& folder,
                       std::vector<toml::Source>& sources) {
  TRY(std::vector<std::string> names, disk.list(folder));
  for (const std::string& name : names) {
    if (!name.ends_with(".toml") || name.starts_with(".")) continue;
    std::string path = folder + "/" + name;
    TRY(std::string text, disk.read_file(path, file_octets_max));
    sources.push_back({path, std::move(text)});
  }
  return {};
}

struct LocalRules {
  std::vector<toml::Source> sources;
  classify::LoadedBook loaded;
};

Result<LocalRules> read_rules(const std::string& folder) {
  LocalRules rules{classify::shipped_rules(), {}};
  size_t shipped = rules.sources.size();
  auto disk = io::make_system_disk();
  if (auto added = add_local(*disk, folder + "/replies", rules.sources); !added)
    return failure(std::move(added).error().while_doing("reading local rules in " + folder));
  rules.loaded = classify::load(rules.sources, shipped);
  return rules;
}

}  // namespace

tl::expected<std::unique_ptr<classify::RuleBook>, int> load_rules(const Global& global,
                                                                  const std::string& folder) {
  auto rules = read_rules(folder);
  if (!rules) return tl::unexpected(report(rules.error()));
  for (const toml::Diagnostic& diagnostic : rules->loaded.diagnostics)
    note(toml::render(diagnostic, rules->sources, notes_have_color(global.color)) + "\n");
  if (!rules->loaded.book) return tl::unexpected(exit_code::configuration);
  return std::make_unique<classify::RuleBook>(*std::move(rules->loaded.book));
}

tl::expected<std::unique_ptr<classify::RuleBook>, std::vector<std::string>> load_rules_quietly(
    const std::string& folder) {
  auto rules = read_rules(folder);
  if (!rules) return tl::unexpected(std::vector<std::string>{rules.error().describe()});
  if (!rules->loaded.book) return tl::unexpected(one_line_each(rules->loaded.diagnostics));
  return std::make_unique<classify::RuleBook>(*std::move(rules->loaded.book));
}

}  // namespace waypost::cli
