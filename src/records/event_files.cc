#include "records/event_files.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"

namespace waypost::records {
namespace {

constexpr std::string_view prefix = "events-";
constexpr std::string_view suffix = ".jsonl";
constexpr std::string_view time_form = "yyyymmddThhmmss.mmmZ-";

}  // namespace

std::string EventFile::name() const {
  std::string compact;
  for (char c : base::to_rfc3339(started_at).substr(0, 23))
    if (c != '-' && c != ':') compact += c;
  return std::string(prefix) + compact + "Z-" + std::to_string(number) + std::string(suffix);
}

std::optional<EventFile> EventFile::parse(std::string_view name) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return std::nullopt;
  std::string_view middle = name.substr(prefix.size());
  if (middle.size() < time_form.size() + 1 + suffix.size()) return std::nullopt;
  middle.remove_suffix(suffix.size());
  std::string rfc3339;
  for (size_t i = 0; i < 19; ++i) {
    if (i == 4 || i == 6) rfc3339 += '-';
    if (i == 11 || i == 13) rfc3339 += ':';
    rfc3339 += middle[i];
  }
  Result<WallTime> started_at = base::parse_rfc3339(rfc3339 + "000Z");
  std::string_view digits = middle.substr(time_form.size());
  uint64_t number = 0;
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (!started_at || error != std::errc() || end != digits.data() + digits.size())
    return std::nullopt;
  EventFile file{*started_at, number};
  // Only the one spelling that we write, so that no two names mean one file.
  return file.name() == name ? std::optional(file) : std::nullopt;
}

Result<std::vector<EventFile>> list_event_files(io::Disk& disk, const std::string& folder) {
  TRY(std::vector<std::string> names, disk.list(folder));
  std::vector<EventFile> files;
  for (const std::string& name : names)
    if (std::optional<EventFile> file = EventFile::parse(name)) files.push_back(*file);
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace waypost::records
