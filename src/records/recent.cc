#include "records/recent.h"

#include <algorithm>

#include <fmt/format.h>

#include "records/day_file.h"

namespace waypost::records {
namespace {

// Lines of two shards may be so much out of order.
constexpr std::chrono::seconds disorder_max{10};
constexpr std::chrono::minutes minute{1};

int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

void add(SiteTally& tally, const Statement& row, bool last_minute) {
  const std::string_view kind = row.text(1);
  const uint64_t recipients = uint64_t(std::max<int64_t>(row.integer(4), 1));
  if (kind == "delivered") {
    tally.delivered += recipients;
    if (last_minute) tally.delivered_last_minute += recipients;
    return;
  }
  (kind == "deferred" ? tally.deferred : tally.bounced) += recipients;
  if (!row.text(2).empty()) tally.classes[std::string(row.text(2))] += recipients;
  if (tally.last_reply.empty()) tally.last_reply = std::string(row.text(5));
}

class Reader {
 public:
  Reader(WallTime since, WallTime now) : since_(since), now_(now) {}

  Result<void> read(Database& database) {
    TRY(Statement rows,
        database.prepare("SELECT at, kind, class, coalesce(line ->> 'site', ''), "
                         "coalesce(json_array_length(line, '$.recipients'), 1), "
                         "coalesce(line ->> 'reply', '') FROM events ORDER BY number DESC"));
    while (recent_.complete) {
      TRY(bool found, rows.step());
      if (!found || rows.integer(0) < micros(since_ - disorder_max)) break;
      recent_.complete = ++read_ < recent_events_max;
      const std::string_view kind = rows.text(1);
      const bool outcome =
          kind == "delivered" || kind == "deferred" || kind == "bounced" || kind == "expired";
      if (!outcome || rows.integer(0) < micros(since_)) continue;
      add(recent_.sites[std::string(rows.text(3))], rows, rows.integer(0) >= micros(now_ - minute));
    }
    return {};
  }
  void problem(std::string line) { recent_.problems.push_back(std::move(line)); }
  bool complete() const { return recent_.complete; }
  Recent take() { return std::move(recent_); }

 private:
  const WallTime since_;
  const WallTime now_;
  Recent recent_;
  uint64_t read_ = 0;
};

}  // namespace

Result<Recent> read_recent(io::Disk& disk, const std::string& folder, WallTime since,
                           WallTime now) {
  Reader reader(since, now);
  TRY(std::vector<Day> days, list_days(disk, folder, day_file_suffix));
  std::reverse(days.begin(), days.end());
  for (Day day : days) {
    if (!reader.complete()) break;
    Result<Database> database = open_day_to_read(folder, day);
    Result<void> read = database ? reader.read(*database) : failure(std::move(database).error());
    if (!read && read.error().code() != ErrorCode::not_found)
      reader.problem(fmt::format("the records of {} cannot be read: {}", day_text(day),
                                 read.error().describe()));
  }
  return reader.take();
}

}  // namespace waypost::records
