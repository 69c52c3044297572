#include "records/days.h"

namespace waypost::records {
namespace {

constexpr size_t day_octets = 10;
constexpr std::string_view sqlite_companions[] = {"-wal", "-shm"};

std::optional<Day> parse_day(std::string_view text) {
  Result<WallTime> start = base::parse_rfc3339(std::string(text) + "T00:00:00.000000Z");
  if (!start) return std::nullopt;
  Day day = day_of(*start);
  // Only the one spelling that we write.
  return day_text(day) == text ? std::optional(day) : std::nullopt;
}

Result<void> remove_if_there(io::Disk& disk, const std::string& path) {
  Result<void> removed = disk.remove(path);
  if (!removed && removed.error().code() != ErrorCode::not_found) return removed;
  return {};
}

}  // namespace

Day day_of(WallTime time) { return std::chrono::floor<std::chrono::days>(time); }

std::string day_text(Day day) { return base::to_rfc3339(WallTime(day)).substr(0, day_octets); }

Day day_of(const events::Event& event) {
  return day_of(event.message ? event.message->accepted_at() : event.at);
}

std::string day_path(const std::string& folder, Day day, std::string_view suffix) {
  return folder + "/" + day_text(day) + std::string(suffix);
}

Result<std::vector<Day>> list_days(io::Disk& disk, const std::string& folder,
                                   std::string_view suffix) {
  TRY(std::vector<std::string> names, disk.list(folder));
  std::vector<Day> days;
  for (std::string_view name : names) {
    if (name.size() != day_octets + suffix.size() || !name.ends_with(suffix)) continue;
    if (std::optional<Day> day = parse_day(name.substr(0, day_octets))) days.push_back(*day);
  }
  return days;
}

Result<void> remove_day(io::Disk& disk, const std::string& folder, Day day,
                        std::string_view suffix) {
  std::string path = day_path(folder, day, suffix);
  for (std::string_view companion : sqlite_companions)
    TRY_VOID(remove_if_there(disk, path + std::string(companion)));
  return remove_if_there(disk, path);
}

Result<void> remove_all_days(io::Disk& disk, const std::string& folder) {
  for (std::string_view family : {day_file_suffix, transcript_file_suffix})
    for (const std::string& suffix :
         {std::string(family), std::string(family) + std::string(damaged_suffix)}) {
      TRY(std::vector<Day> days, list_days(disk, folder, suffix));
      for (Day day : days) TRY_VOID(remove_day(disk, folder, day, suffix));
    }
  return {};
}

Result<void> set_day_aside(io::Disk& disk, const std::string& folder, Day day,
                           std::string_view suffix) {
  std::string path = day_path(folder, day, suffix);
  // First what would be applied to a new file of this name.
  for (std::string_view companion : sqlite_companions)
    TRY_VOID(remove_if_there(disk, path + std::string(companion)));
  return disk.rename(path, path + std::string(damaged_suffix));
}

}  // namespace waypost::records
