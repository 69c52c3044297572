#include "records/ledger.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "records/day_file.h"
#include "records/event_files.h"
#include "records/event_reader.h"
#include "records/log_search.h"

namespace waypost::records {
namespace {

// One counter of the ledger and its name among a file's totals.
struct Counter {
  std::string_view name;
  uint64_t LedgerDay::*count;
};
constexpr Counter counters[] = {
    {"delivered", &LedgerDay::delivered},   {"bounced", &LedgerDay::bounced},
    {"expired", &LedgerDay::expired},       {"suppressed", &LedgerDay::suppressed},
    {"cancelled", &LedgerDay::cancelled},   {state_queued, &LedgerDay::queued},
    {total_refusals, &LedgerDay::refusals},
};

constexpr uint64_t unread_recipients_max = 1'000'000;

struct DayRead {
  LedgerDay counts;
  uint64_t lost_events = 0;
  std::optional<FeedMark> mark;
};

Result<DayRead> read_day(const std::string& folder, Day day) {
  TRY(Database database, open_day_to_read(folder, day));
  TRY_VOID(database.execute("BEGIN"));
  DayRead read;
  read.counts.day = day;
  for (const Counter& counter : counters) {
    TRY(int64_t count, read_total(database, counter.name));
    read.counts.*counter.count = static_cast<uint64_t>(std::max<int64_t>(count, 0));
  }
  TRY(Statement lost, database.prepare("SELECT coalesce(sum(lost), 0) FROM gaps"));
  TRY(bool found, lost.step());
  if (found) read.lost_events = static_cast<uint64_t>(lost.integer(0));
  TRY(read.mark, read_mark(database));
  return read;
}

// What the log holds beyond the files, as far as anybody wants to know.
Result<void> read_unread(io::Disk& disk, const std::string& folder, const LogBounds& bounds,
                         const std::optional<LogPosition>& until, Ledger& ledger) {
  uint64_t all = 0;
  uint64_t before = 0;
  uint64_t weight = 0;  // in recipients, at least one an event
  EventFilter filter;
  filter.from = bounds.from;
  auto take = [&](const events::Event& event, const LogPosition& at) {
    if (!events::is_about_mail(event.kind)) return true;
    if (bounds.holds(day_of(event), at)) return true;
    ++all;
    if (!until || at <= *until) ++before;
    ledger.unread_end = at;
    if (event.message)
      for (const std::string& recipient : event.recipients)
        ledger.unread.push_back({*event.message, recipient});
    weight += std::max<uint64_t>(event.recipients.size(), 1);
    return weight < unread_recipients_max;
  };
  TRY_VOID(read_placed_events(disk, folder, filter, take));
  ledger.unread_events = weight < unread_recipients_max ? before : all;
  std::sort(ledger.unread.begin(), ledger.unread.end());
  return {};
}

}  // namespace

LedgerDay Ledger::total() const {
  LedgerDay sum;
  for (const LedgerDay& day : days)
    for (const Counter& counter : counters) sum.*counter.count += day.*counter.count;
  return sum;
}

bool Ledger::tells(const QueuedRecipient& recipient) const {
  Day day = day_of(recipient.message.accepted_at());
  return std::find(incomplete.begin(), incomplete.end(), day) == incomplete.end() &&
         !std::binary_search(unread.begin(), unread.end(), recipient);
}

Result<Ledger> read_ledger(io::Disk& disk, const RecordPlaces& places,
                           const std::optional<LogPosition>& until) {
  Ledger ledger;
  LogBounds bounds;
  TRY(std::vector<Day> days, list_days(disk, places.folder, day_file_suffix));
  for (Day day : days) {
    Result<DayRead> read = read_day(places.folder, day);
    if (!read) {
      if (read.error().code() == ErrorCode::not_found) continue;
      ledger.incomplete.push_back(day);
      ledger.problems.push_back(fmt::format("the records of {} cannot be read: {}", day_text(day),
                                            read.error().describe()));
      continue;
    }
    ledger.days.push_back(read->counts);
    ledger.lost_events += read->lost_events;
    if (!read->mark) continue;
    bounds.ends[day] = read->mark->end;
    if (!read->mark->rebuilding) {
      bounds.from = std::max(bounds.from, read->mark->batch_start);
      continue;
    }
    ledger.incomplete.push_back(day);
    ledger.problems.push_back(
        fmt::format("the records of {} were damaged and are being written again", day_text(day)));
  }
  TRY_VOID(read_unread(disk, places.events_folder, bounds, until, ledger));
  return ledger;
}

Result<std::vector<QueuedRecipient>> read_queued(io::Disk& disk, const std::string& folder,
                                                 size_t most) {
  std::vector<QueuedRecipient> queued;
  TRY(std::vector<Day> days, list_days(disk, folder, day_file_suffix));
  for (Day day : days) {
    Result<Database> database = open_day_to_read(folder, day);
    if (!database) continue;  // read_ledger() says so
    TRY(int64_t count, read_total(*database, state_queued));
    if (count <= 0) continue;
    TRY(Statement select,
        database->prepare("SELECT id, address FROM recipients JOIN messages ON number = message "
                          "WHERE state = 'queued' AND id IS NOT NULL ORDER BY id LIMIT ?1"));
    select.bind(1, static_cast<int64_t>(most - queued.size()));
    while (true) {
      TRY(bool found, select.step());
      if (!found) break;
      std::string_view raw = select.text(0);
      if (raw.size() != MessageId::octets) continue;
      queued.push_back({MessageId::from_octets(std::span<const uint8_t, MessageId::octets>(
                            reinterpret_cast<const uint8_t*>(raw.data()), MessageId::octets)),
                        std::string(select.text(1))});
    }
  }
  return queued;
}

}  // namespace waypost::records
