#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "message/dmarc_report.h"
#include "message/feedback_report.h"

namespace waypost::records {

// After the end of a report, where nobody says otherwise.
inline constexpr std::chrono::seconds dmarc_kept_for = std::chrono::days(400);
// Of all reports, as dmarc_room() counts, a gigabyte: the oldest go first.
inline constexpr uint64_t dmarc_room_max = 2'000'000;
inline constexpr uint64_t dmarc_failures_kept_max = 100'000;

// Of the database, in the folder of the records.
inline constexpr const char* dmarc_file = "dmarc.db";

enum class DmarcKeeping {
  kept,
  known,    // it was there already
  too_old,  // its end is longer ago than they are kept
};
std::string_view name(DmarcKeeping keeping);  // "kept", "known", "too-old"

// What a report takes of the room for all: 1, for each row 1, and 1 for each 512 octets of a row.
uint64_t dmarc_room(const message::DmarcReport& report);

// The DMARC reports that came in, in a database file of their own. Every call blocks on the disk:
// on a Worker, or in a command. One thread at a time; several processes may write, one after the
// other. Fails as the disk does; corrupt when the file is no database.
class DmarcStore {
 public:
  // Makes the file (0640) and its folder when they are new.
  static Result<std::unique_ptr<DmarcStore>> open(const std::string& path,
                                                  std::chrono::seconds keep = dmarc_kept_for);
  // For questions only; not_found when nothing was ever kept.
  static Result<std::unique_ptr<DmarcStore>> open_read_only(const std::string& path);
  ~DmarcStore();

  // Again and again: what has the same message::key_of() is kept once. What is too old by then
  // goes. invalid_input for a report whose times cannot be meant.
  Result<DmarcKeeping> keep(const message::DmarcReport& report, WallTime now);
  // Only what stands in its fields: never the message that it is about, nor who that was for.
  Result<DmarcKeeping> keep(const message::FeedbackReport& report, WallTime now);

  // Reports that end at `since` or later, one after the other, the oldest first.
  Result<void> visit(WallTime since, const std::function<void(const message::DmarcReport&)>& take);
  Result<void> visit_failures(WallTime since,
                              const std::function<void(const message::FeedbackReport&)>& take);

 private:
  struct Impl;
  explicit DmarcStore(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waypost::records
