#include "cli/load_rules.h"

#include <vector>

#include "classify/shipped_rules.h"
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

}  // namespace

tl::expected<std::unique_ptr<classify::RuleBook>, int> load_rules(const Global& global,
                                                                  const std::string& folder) {
  std::vector<toml::Source> sources = classify::shipped_rules();
  size_t shipped = sources.size();
  auto disk = io::make_system_disk();
  if (auto added = add_local(*disk, folder + "/replies", sources); !added)
    return tl::unexpected(
        report(std::move(added).error().while_doing("reading local rules in " + folder)));
  classify::LoadedBook loaded = classify::load(sources, shipped);
  for (const toml::Diagnostic& diagnostic : loaded.diagnostics)
    note(toml::render(diagnostic, sources, notes_have_color(global.color)) + "\n");
  if (!loaded.book) return tl::unexpected(exit_code::configuration);
  return std::make_unique<classify::RuleBook>(*std::move(loaded.book));
}

}  // namespace waypost::cli
