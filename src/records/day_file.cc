#include "records/day_file.h"

#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "records/day_rows.h"
#include "records/day_tables.h"

namespace waypost::records {
namespace {

using events::Event;
using events::EventKind;

// Anybody can be refused as often as they like, and may not fill the disk with that.
constexpr int64_t refusals_kept_max = 100'000;

// The state that an event of this kind leaves its recipients in; none when it changes nothing.
std::optional<std::string_view> state_after(EventKind kind) {
  switch (kind) {
    case EventKind::accepted:
    case EventKind::deferred:
      return state_queued;
    case EventKind::rejected:
      return state_rejected;
    case EventKind::delivered:
    case EventKind::bounced:
    case EventKind::expired:
    case EventKind::cancelled:
    case EventKind::suppressed:
      return events::name(kind);
    case EventKind::late_bounced:
      return events::name(EventKind::bounced);
    case EventKind::expiring:
    case EventKind::held:
    case EventKind::released:
    case EventKind::rescheduled:
    case EventKind::late_delayed:
    case EventKind::complained:
    case EventKind::unsubscribed:
    case EventKind::auto_replied:
    case EventKind::port_switched:
    case EventKind::diagnosed:
      break;
  }
  return std::nullopt;
}

Result<LogPosition> position_from(std::string_view file, int64_t offset) {
  if (file.empty()) return LogPosition();
  std::optional<EventFile> parsed = EventFile::parse(file);
  if (!parsed || offset < 0)
    return failure(ErrorCode::corrupt, "a position in the event log that cannot be");
  return LogPosition{*parsed, static_cast<uint64_t>(offset)};
}

}  // namespace

struct DayFile::Impl {
  explicit Impl(Database opened) : database(std::move(opened)) {}

  Database database;
  FeedMark mark;
  std::optional<Transaction> batch;
  int64_t refusals = 0;  // before this batch
  DayRows rows{database};
};

DayFile::DayFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DayFile::~DayFile() = default;

Result<std::unique_ptr<DayFile>> DayFile::open(const std::string& folder, Day day) {
  DatabaseOptions options;
  options.file_mode = 0640;
  options.sync_every_commit = false;  // the event log tells again what a power cut took
  TRY(Database database, Database::open(day_path(folder, day, day_file_suffix), options));
  TRY_VOID(database.execute(day_tuning));
  TRY_VOID(database.migrate(day_migrations));
  auto impl = std::make_unique<Impl>(std::move(database));
  TRY_VOID(impl->rows.prepare());
  TRY(std::optional<FeedMark> mark, read_mark(impl->database));
  impl->mark = mark.value_or(FeedMark());
  TRY(impl->refusals, read_total(impl->database, total_refusals));
  return std::unique_ptr<DayFile>(new DayFile(std::move(impl)));
}

const FeedMark& DayFile::mark() const { return impl_->mark; }
bool DayFile::in_batch() const { return impl_->batch.has_value(); }

Result<void> DayFile::begin() {
  CHECK(!impl_->batch);
  TRY(Transaction begun, Transaction::begin(impl_->database));
  impl_->batch.emplace(std::move(begun));
  return {};
}

Result<void> DayFile::add(const Event& event, std::string_view line) {
  CHECK(impl_->batch);
  if (!events::is_about_mail(event.kind)) return {};
  if (event.kind == EventKind::rejected &&
      impl_->refusals + impl_->rows.count_refusal() >= refusals_kept_max)
    return {};
  TRY(int64_t message, impl_->rows.message_of(event));
  // message_of() has added the recipients of these.
  bool is_start = event.kind == EventKind::accepted || event.kind == EventKind::rejected;
  std::optional<std::string_view> state = state_after(event.kind);
  if (!is_start && state) TRY_VOID(impl_->rows.note_outcome(message, event, *state));
  return impl_->rows.insert_event(message, event, line);
}

Result<void> DayFile::add_gap(WallTime from, WallTime to, uint64_t lost) {
  CHECK(impl_->batch);
  return impl_->rows.insert_gap(from, to, lost);
}

Result<void> DayFile::move_mark(const FeedMark& mark) {
  CHECK(!impl_->batch);
  // Synced with this one commit, and the next are not again.
  TRY_VOID(impl_->database.execute("PRAGMA synchronous = FULL"));
  auto moved = [&]() -> Result<void> {
    TRY_VOID(begin());
    return commit(mark);
  }();
  if (!moved) roll_back();
  Result<void> relaxed = impl_->database.execute("PRAGMA synchronous = NORMAL");
  return moved ? relaxed : moved;
}

Result<void> DayFile::commit(const FeedMark& mark) {
  CHECK(impl_->batch);
  TRY_VOID(impl_->rows.write_batch(mark));
  TRY_VOID(impl_->batch->commit());
  impl_->batch.reset();
  impl_->refusals += impl_->rows.end_batch();
  impl_->mark = mark;
  return {};
}

void DayFile::roll_back() {
  impl_->batch.reset();
  impl_->rows.drop_batch();
}

Result<Database> open_day_to_read(const std::string& folder, Day day) {
  std::string path = day_path(folder, day, day_file_suffix);
  TRY(Database database, Database::open_read_only(path));
  TRY(int64_t version, database.schema_version());
  if (version == 0) return failure(ErrorCode::not_found, path + " is still empty");
  if (version > static_cast<int64_t>(day_migrations.size()))
    return failure(ErrorCode::invalid_input, path + " was written by a newer Waypost");
  return database;
}

Result<int64_t> read_total(Database& database, std::string_view name) {
  TRY(Statement read, database.prepare("SELECT count FROM totals WHERE name = ?1"));
  read.bind(1, name);
  TRY(bool found, read.step());
  return found ? read.integer(0) : 0;
}

Result<std::optional<FeedMark>> read_mark(Database& database) {
  TRY(Statement read, database.prepare("SELECT batch_file, batch_offset, end_file, end_offset, "
                                       "rebuilding FROM feed"));
  TRY(bool found, read.step());
  if (!found) return std::nullopt;
  FeedMark mark;
  TRY(mark.batch_start, position_from(read.text(0), read.integer(1)));
  TRY(mark.end, position_from(read.text(2), read.integer(3)));
  mark.rebuilding = read.integer(4) != 0;
  return mark;
}

}  // namespace waypost::records
