#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "events/event.h"
#include "io/disk.h"

// Records are kept in a file for each day (docs/format/records.md).
namespace waypost::records {

// A day of UTC.
using Day = std::chrono::sys_days;

Day day_of(WallTime time);
// "2026-11-21".
std::string day_text(Day day);

// The day in whose file an event stands: that on which its message was accepted, so that all about
// one message is in one place; for a refusal that on which it happened.
Day day_of(const events::Event& event);

// The families of files, by what follows the day in their names.
inline constexpr std::string_view day_file_suffix = ".db";
inline constexpr std::string_view transcript_file_suffix = "-transcripts.db";
inline constexpr std::string_view damaged_suffix = ".damaged";

std::string day_path(const std::string& folder, Day day, std::string_view suffix);

// The days that have a file whose name is the day and exactly this suffix, oldest first.
Result<std::vector<Day>> list_days(io::Disk& disk, const std::string& folder,
                                   std::string_view suffix);

// Removes the file of that day with what SQLite keeps beside it; what is absent is passed over.
Result<void> remove_day(io::Disk& disk, const std::string& folder, Day day,
                        std::string_view suffix);
// Removes the files of all days, of every family, and what was set aside.
Result<void> remove_all_days(io::Disk& disk, const std::string& folder);
// Puts it out of the way, named ".damaged"; an older one of that name is replaced.
Result<void> set_day_aside(io::Disk& disk, const std::string& folder, Day day,
                           std::string_view suffix);

}  // namespace waypost::records
