#include "records/day_file.h"

#include <array>
#include <utility>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "records/young_messages.h"

namespace waypost::records {
namespace {

using events::Event;
using events::EventKind;

// Every table is described in docs/format/records.md.
constexpr std::array<const char*, 2> migrations{R"sql(
CREATE TABLE feed (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  batch_file TEXT NOT NULL, batch_offset INTEGER NOT NULL,
  end_file TEXT NOT NULL, end_offset INTEGER NOT NULL,
  rebuilding INTEGER NOT NULL);
CREATE TABLE messages (
  number INTEGER PRIMARY KEY,
  id BLOB UNIQUE,
  at INTEGER NOT NULL,
  accepted INTEGER NOT NULL,
  sender TEXT NOT NULL COLLATE NOCASE,
  message_id TEXT NOT NULL,
  session TEXT NOT NULL,
  transaction_number INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  stream TEXT NOT NULL,
  login TEXT NOT NULL,
  client TEXT NOT NULL,
  size INTEGER NOT NULL,
  tags TEXT NOT NULL,
  metadata TEXT NOT NULL);
CREATE INDEX messages_by_sender ON messages (sender);
CREATE INDEX messages_by_message_id ON messages (message_id) WHERE message_id <> '';
CREATE INDEX messages_by_session ON messages (session) WHERE session <> '';
CREATE TABLE recipients (
  message INTEGER NOT NULL,
  place INTEGER NOT NULL,
  address TEXT NOT NULL COLLATE NOCASE,
  domain TEXT NOT NULL,
  state TEXT NOT NULL,
  settled_at INTEGER,
  PRIMARY KEY (message, place)) WITHOUT ROWID;
CREATE INDEX recipients_by_address ON recipients (address);
CREATE INDEX recipients_by_domain ON recipients (domain);
CREATE TABLE events (
  number INTEGER PRIMARY KEY,
  message INTEGER NOT NULL,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  class TEXT NOT NULL,
  host TEXT NOT NULL,
  line TEXT NOT NULL);
CREATE INDEX events_by_message ON events (message);
CREATE INDEX events_by_class ON events (class, message) WHERE class <> '';
CREATE INDEX events_by_host ON events (host, message) WHERE host <> '';
CREATE TABLE totals (name TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE gaps (
  number INTEGER PRIMARY KEY,
  from_at INTEGER NOT NULL, to_at INTEGER NOT NULL, lost INTEGER NOT NULL);
)sql",
                                                R"sql(
CREATE INDEX messages_by_at ON messages (at);
CREATE INDEX recipients_by_state ON recipients (state, message);
)sql"};

// Random places of the indexes are written again and again: a larger log writes them less often.
// Nobody else writes, and whoever waits for a lock can try again later.
constexpr const char* tuning =
    "PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 4000; "
    "PRAGMA journal_size_limit = 33554432; PRAGMA busy_timeout = 500";

// Anybody can be refused as often as they like, and may not fill the disk with that.
constexpr int64_t refusals_kept_max = 100'000;

int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

std::string domain_of(const std::string& address) {
  return base::to_lower(std::string_view(address).substr(address.rfind('@') + 1));
}

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
    case EventKind::expiring:
    case EventKind::held:
    case EventKind::released:
    // Their server took it: that it came back later is another fact, not another end.
    case EventKind::late_bounced:
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

// The state of this name, in octets that live for ever; none for a name that we never wrote.
std::optional<std::string_view> known_state(std::string_view name) {
  if (name == state_queued) return state_queued;
  if (name == state_rejected) return state_rejected;
  for (EventKind kind : {EventKind::delivered, EventKind::bounced, EventKind::expired,
                         EventKind::cancelled, EventKind::suppressed})
    if (events::name(kind) == name) return events::name(kind);
  return std::nullopt;
}

std::string json_of(const std::vector<std::string>& values) {
  if (values.empty()) return {};
  return boost::json::serialize(boost::json::value_from(values));
}
std::string json_of(const std::map<std::string, std::string>& values) {
  if (values.empty()) return {};
  return boost::json::serialize(boost::json::value_from(values));
}

Result<LogPosition> position_from(std::string_view file, int64_t offset) {
  if (file.empty()) return LogPosition();
  std::optional<EventFile> parsed = EventFile::parse(file);
  if (!parsed || offset < 0)
    return failure(ErrorCode::corrupt, "a position in the event log that cannot be");
  return LogPosition{*parsed, static_cast<uint64_t>(offset)};
}

std::string file_text(const LogPosition& position) {
  return position == LogPosition() ? std::string() : position.file.name();
}

}  // namespace

struct DayFile::Impl {
  explicit Impl(Database opened) : database(std::move(opened)) {}

  Result<void> prepare_statements();
  Result<int64_t> message_of(const Event& event);
  Result<void> add_recipients(int64_t message, const Event& event);
  Result<void> note_outcome(int64_t message, const Event& event, std::string_view state);
  Result<void> write_young();
  Result<int64_t> insert_message(const Event& event);
  Result<void> complete_message(int64_t number, const Event& event);
  Result<void> set_state(int64_t message, const std::string& address, std::string_view state,
                         WallTime at);
  Result<void> insert_recipient(int64_t message, int64_t place, const std::string& address,
                                std::string_view state, WallTime at);
  Result<void> append_recipient(int64_t message, const std::string& address, std::string_view state,
                                WallTime at);
  Result<void> insert_event(int64_t message, const Event& event, std::string_view line);
  Result<void> write_totals();
  Result<void> write_mark(const FeedMark& mark);

  Database database;
  FeedMark mark;
  std::optional<Transaction> batch;
  std::map<std::string_view, int64_t> changes;  // of the totals, in this batch
  YoungMessages young;                          // their recipients are written with the batch
  int64_t refusals = 0;                         // before this batch
  // Outcomes of a message come one after another.
  MessageId last_id;
  int64_t last_number = 0;

  struct Statements {
    Statement find_message, insert_message, complete_message, next_place, insert_recipient,
        find_recipient, set_state, insert_event, add_total, insert_gap, set_mark;
  };
  std::optional<Statements> sql;
};

DayFile::DayFile(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DayFile::~DayFile() = default;

Result<std::unique_ptr<DayFile>> DayFile::open(const std::string& folder, Day day) {
  DatabaseOptions options;
  options.file_mode = 0640;
  options.sync_every_commit = false;  // the event log tells again what a power cut took
  TRY(Database database, Database::open(day_path(folder, day, day_file_suffix), options));
  TRY_VOID(database.execute(tuning));
  TRY_VOID(database.migrate(migrations));
  auto impl = std::make_unique<Impl>(std::move(database));
  TRY_VOID(impl->prepare_statements());
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
      impl_->refusals + impl_->changes[total_refusals]++ >= refusals_kept_max)
    return {};
  TRY(int64_t message, impl_->message_of(event));
  // message_of() has added the recipients of these.
  bool is_start = event.kind == EventKind::accepted || event.kind == EventKind::rejected;
  std::optional<std::string_view> state = state_after(event.kind);
  if (!is_start && state) TRY_VOID(impl_->note_outcome(message, event, *state));
  return impl_->insert_event(message, event, line);
}

Result<void> DayFile::add_gap(WallTime from, WallTime to, uint64_t lost) {
  CHECK(impl_->batch);
  Statement& insert = impl_->sql->insert_gap;
  insert.bind(1, micros(from)).bind(2, micros(to)).bind(3, static_cast<int64_t>(lost));
  return insert.run();
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
  TRY_VOID(impl_->write_young());
  TRY_VOID(impl_->write_totals());
  TRY_VOID(impl_->write_mark(mark));
  TRY_VOID(impl_->batch->commit());
  impl_->batch.reset();
  impl_->refusals += impl_->changes[total_refusals];
  impl_->changes.clear();
  impl_->mark = mark;
  return {};
}

void DayFile::roll_back() {
  impl_->batch.reset();
  impl_->changes.clear();
  impl_->young.clear();
  impl_->last_id = MessageId();
}

Result<void> DayFile::Impl::prepare_statements() {
  TRY(Statement find, database.prepare("SELECT number, accepted, at FROM messages WHERE id = ?1"));
  TRY(Statement insert,
      database.prepare("INSERT INTO messages (id, at, accepted, sender, message_id, session, "
                       "transaction_number, tenant, stream, login, client, size, tags, metadata) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"));
  TRY(Statement complete,
      database.prepare(
          "UPDATE messages SET at = ?2, accepted = 1, message_id = ?3, session = ?4, "
          "transaction_number = ?5, login = ?6, client = ?7, size = ?8 WHERE number = ?1"));
  TRY(Statement next_place,
      database.prepare("SELECT coalesce(max(place) + 1, 0) FROM recipients WHERE message = ?1"));
  TRY(Statement insert_recipient,
      database.prepare("INSERT INTO recipients (message, place, address, domain, state, "
                       "settled_at) VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0))"));
  // One address may be named twice in an envelope: the one that still waits comes first. The index
  // ignores case, and addresses that differ in it are two recipients.
  TRY(Statement find_recipient,
      database.prepare("SELECT place, state FROM recipients WHERE address = ?2 AND message = ?1 "
                       "AND address COLLATE BINARY = ?2 "
                       "ORDER BY state <> 'queued', place LIMIT 1"));
  TRY(Statement set_state, database.prepare("UPDATE recipients SET state = ?3, settled_at = "
                                            "nullif(?4, 0) WHERE message = ?1 AND place = ?2"));
  TRY(Statement insert_event,
      database.prepare("INSERT INTO events (message, at, kind, class, host, line) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  TRY(Statement add_total,
      database.prepare("INSERT INTO totals (name, count) VALUES (?1, ?2) "
                       "ON CONFLICT DO UPDATE SET count = count + excluded.count"));
  TRY(Statement insert_gap,
      database.prepare("INSERT INTO gaps (from_at, to_at, lost) VALUES (?1, ?2, ?3)"));
  TRY(Statement set_mark,
      database.prepare("INSERT OR REPLACE INTO feed (only, batch_file, batch_offset, end_file, "
                       "end_offset, rebuilding) VALUES (1, ?1, ?2, ?3, ?4, ?5)"));
  sql.emplace(Statements{std::move(find), std::move(insert), std::move(complete),
                         std::move(next_place), std::move(insert_recipient),
                         std::move(find_recipient), std::move(set_state), std::move(insert_event),
                         std::move(add_total), std::move(insert_gap), std::move(set_mark)});
  return {};
}

// The row of the message that the event is about, with its recipients; a new one when it is not
// known: it begins here, or the line that told of its beginning was lost.
Result<int64_t> DayFile::Impl::message_of(const Event& event) {
  bool is_start = event.kind == EventKind::accepted || event.kind == EventKind::rejected;
  if (event.message && !is_start && *event.message == last_id) return last_number;
  if (YoungMessage* known = event.message ? young.find(*event.message) : nullptr) {
    if (!is_start) return known->number();
    TRY_VOID(write_young());  // a second beginning is told of by the file
  }
  int64_t number = 0;
  bool known = false;
  if (event.message) {
    Statement& find = sql->find_message;
    find.lend_blob(1, event.message->raw());
    TRY(known, find.step());
    bool accepted = known && find.integer(1) != 0;
    bool is_again = accepted && find.integer(2) != micros(event.at);
    if (known) number = find.integer(0);
    find.reset();
    if (known && !accepted && event.kind == EventKind::accepted)
      TRY_VOID(complete_message(number, event));
    // Whoever leaves a file in the drop folder may name the id of a message that is gone.
    if (is_again && event.kind == EventKind::accepted)
      for (const std::string& address : event.recipients)
        TRY_VOID(append_recipient(number, address, state_queued, event.at));
  }
  if (!known) {
    TRY(number, insert_message(event));
    TRY_VOID(add_recipients(number, event));
  }
  if (event.message) {
    last_id = *event.message;
    last_number = number;
  }
  return number;
}

Result<int64_t> DayFile::Impl::insert_message(const Event& event) {
  Statement& insert = sql->insert_message;
  bool accepted = event.kind == EventKind::accepted;
  bool is_start = accepted || event.kind == EventKind::rejected;
  WallTime at = is_start || !event.message ? event.at : event.message->accepted_at();
  if (event.message) insert.lend_blob(1, event.message->raw());
  insert.bind(2, micros(at)).bind(3, accepted ? 1 : 0).lend(4, event.sender);
  insert.lend(5, event.message_id).lend(6, event.session).bind(7, event.transaction);
  insert.lend(8, event.tenant).lend(9, event.stream);
  insert.lend(10, event.login).lend(11, event.client);
  insert.bind(12, static_cast<int64_t>(event.size_octets));
  insert.bind(13, json_of(event.tags)).bind(14, json_of(event.metadata));
  TRY_VOID(insert.run());
  return database.last_row();
}

// An outcome was seen first: what only the acceptance knows is added.
Result<void> DayFile::Impl::complete_message(int64_t number, const Event& event) {
  Statement& complete = sql->complete_message;
  complete.bind(1, number).bind(2, micros(event.at)).bind(3, event.message_id);
  complete.bind(4, event.session).bind(5, event.transaction);
  complete.bind(6, event.login).bind(7, event.client);
  complete.bind(8, static_cast<int64_t>(event.size_octets));
  TRY_VOID(complete.run());
  for (const std::string& address : event.recipients) {
    Statement& find = sql->find_recipient;
    find.bind(1, number).bind(2, address);
    Result<bool> known = find.step();
    find.reset();
    if (!known) return failure(std::move(known).error());
    if (!*known) TRY_VOID(append_recipient(number, address, state_queued, event.at));
  }
  return {};
}

// Those of a new message.
Result<void> DayFile::Impl::add_recipients(int64_t message, const Event& event) {
  const bool is_rejected = event.kind == EventKind::rejected;
  const std::string_view state = is_rejected ? state_rejected : state_queued;
  if (event.message && event.recipients.size() <= YoungMessage::recipients_max) {
    young.add(*event.message, YoungMessage(message, event.recipients, state, event.at));
    return {};
  }
  int64_t place = 0;
  for (const std::string& address : event.recipients)
    TRY_VOID(insert_recipient(message, place++, address, state, event.at));
  return {};
}

Result<void> DayFile::Impl::note_outcome(int64_t message, const Event& event,
                                         std::string_view state) {
  YoungMessage* known = event.message ? young.find(*event.message) : nullptr;
  for (const std::string& address : event.recipients) {
    if (known)
      known->set_state(address, state, event.at, state_queued);
    else
      TRY_VOID(set_state(message, address, state, event.at));
  }
  return {};
}

Result<void> DayFile::Impl::write_young() {
  for (const YoungMessage& message : young.all()) {
    int64_t place = 0;
    for (const YoungRecipient& each : message.recipients())
      TRY_VOID(insert_recipient(message.number(), place++, each.address, each.state, each.at));
  }
  young.clear();
  return {};
}

Result<void> DayFile::Impl::insert_recipient(int64_t message, int64_t place,
                                             const std::string& address, std::string_view state,
                                             WallTime at) {
  Statement& insert = sql->insert_recipient;
  const std::string domain = domain_of(address);
  insert.bind(1, message).bind(2, place).lend(3, address).lend(4, domain);
  insert.lend(5, state).bind(6, state == state_queued ? 0 : micros(at));
  TRY_VOID(insert.run());
  ++changes[state];
  return {};
}

Result<void> DayFile::Impl::append_recipient(int64_t message, const std::string& address,
                                             std::string_view state, WallTime at) {
  Statement& next = sql->next_place;
  next.bind(1, message);
  TRY(bool found, next.step());
  int64_t place = found ? next.integer(0) : 0;
  next.reset();
  return insert_recipient(message, place, address, state, at);
}

// The last word counts: an outcome that a crash repeated replaces the one before it.
Result<void> DayFile::Impl::set_state(int64_t message, const std::string& address,
                                      std::string_view state, WallTime at) {
  Statement& find = sql->find_recipient;
  find.bind(1, message).bind(2, address);
  TRY(bool found, find.step());
  int64_t place = found ? find.integer(0) : 0;
  std::optional<std::string_view> before;
  // A view that outlives the row: one of the names that we write.
  if (found) before = known_state(find.text(1));
  find.reset();
  if (!found) return append_recipient(message, address, state, at);
  if (before == state) return {};
  Statement& set = sql->set_state;
  set.bind(1, message).bind(2, place).bind(3, state);
  set.bind(4, state == state_queued ? 0 : micros(at));
  TRY_VOID(set.run());
  if (before) --changes[*before];
  ++changes[state];
  return {};
}

Result<void> DayFile::Impl::insert_event(int64_t message, const Event& event,
                                         std::string_view line) {
  Statement& insert = sql->insert_event;
  insert.bind(1, message).bind(2, micros(event.at)).lend(3, events::name(event.kind));
  insert.lend(4, event.cause.reply_class).lend(5, event.peer.host).lend(6, line);
  return insert.run();
}

Result<void> DayFile::Impl::write_totals() {
  for (const auto& [name, change] : changes) {
    if (change == 0) continue;
    sql->add_total.bind(1, name).bind(2, change);
    TRY_VOID(sql->add_total.run());
  }
  return {};
}

Result<void> DayFile::Impl::write_mark(const FeedMark& now) {
  Statement& set = sql->set_mark;
  set.bind(1, file_text(now.batch_start)).bind(2, static_cast<int64_t>(now.batch_start.offset));
  set.bind(3, file_text(now.end)).bind(4, static_cast<int64_t>(now.end.offset));
  set.bind(5, now.rebuilding ? 1 : 0);
  return set.run();
}

Result<Database> open_day_to_read(const std::string& folder, Day day) {
  std::string path = day_path(folder, day, day_file_suffix);
  TRY(Database database, Database::open_read_only(path));
  TRY(int64_t version, database.schema_version());
  if (version == 0) return failure(ErrorCode::not_found, path + " is still empty");
  if (version > static_cast<int64_t>(migrations.size()))
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
