#include "cli/backup_command.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/utf8.h"
#include "cli/backup.h"
#include "cli/load_config.h"
#include "cli/terminal_text.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;

std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

uint64_t octets_of(const BackupManifest& manifest) {
  uint64_t octets = 0;
  for (const BackupFile& file : manifest.files) octets += file.octets;
  return octets;
}

json::object to_json(const BackupManifest& manifest, const std::string& folder) {
  return {{"folder", base::to_valid_utf8(folder)},
          {"made_at", base::to_rfc3339(manifest.made_at)},
          {"whole", manifest.whole},
          {"messages", manifest.messages},
          {"waiting", manifest.waiting},
          {"files", manifest.files.size()},
          {"octets", octets_of(manifest)}};
}

std::string holds(const BackupManifest& manifest) {
  return fmt::format("{} messages, {} recipients wait; {} files, {}", manifest.messages,
                     manifest.waiting, manifest.files.size(), octets_text(octets_of(manifest)));
}

}  // namespace

int backup_command(const Global& global, const std::string& folder) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  const std::string to = without_slashes(folder);
  Result<BackupManifest> manifest = failure(ErrorCode::unavailable, "nothing was written");
  {
    Progress progress(global);
    manifest = write_backup(config::DataPaths(config->data_dir), to, progress);
  }
  if (!manifest) return report(manifest.error());
  const bool color = colors_output(global.color);
  if (global.json)
    print(json::serialize(to_json(*manifest, to)) + "\n");
  else
    print(styled(fmt::format("  {}: {}", to, holds(*manifest)), Style::plain, color) + "\n");
  for (const std::string& problem : manifest->problems)
    note(fmt::format("waypost: not in the backup: {}\n", terminal_text(problem)));
  if (manifest->whole) return manifest->problems.empty() ? exit_code::ok : exit_code::negative;
  note(fmt::format("waypost: the spool is damaged, and so is its copy: `waypost spool check {}`\n",
                   to));
  return exit_code::negative;
}

int restore_command(const Global& global, const RestoreArguments& arguments) {
  auto config = load_config(global, false);
  if (!config) return config.error();
  const std::string from = without_slashes(arguments.folder);
  Result<Restored> restored = failure(ErrorCode::unavailable, "nothing was restored");
  {
    Progress progress(global);
    restored = restore_backup(config->data_dir, from, arguments.hold, progress);
  }
  if (!restored) return report(restored.error());
  const BackupManifest& manifest = restored->manifest;
  if (global.json) {
    json::object object = to_json(manifest, from);
    object["held"] = restored->held;
    print(json::serialize(object) + "\n");
  } else {
    print(fmt::format("  as it was at {}: {}\n", base::to_rfc3339(manifest.made_at),
                      holds(manifest)));
    if (arguments.hold)
      print(fmt::format("  {} recipients are held: `waypost queue ls`, then `queue release`\n",
                        restored->held));
    else if (!global.quiet)
      note("  What was delivered since then is in it too, and goes out again at the start.\n");
  }
  return exit_code::ok;
}

}  // namespace waypost::cli
