#include "records/day_rows.h"

#include <utility>

#include <boost/json.hpp>

#include "base/ascii.h"
#include "records/subject_words.h"

namespace waypost::records {
namespace {

using events::Event;
using events::EventKind;

int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

std::string domain_of(const std::string& address) {
  return base::to_lower(std::string_view(address).substr(address.rfind('@') + 1));
}

// The only state that an event of this kind changes; none: any. What still waits does so whatever
// came back.
std::optional<std::string_view> state_before(EventKind kind) {
  if (kind == EventKind::late_bounced) return events::name(EventKind::delivered);
  return std::nullopt;
}

// Whether it tells of mail that their server had taken.
bool came_back(EventKind kind) {
  return kind == EventKind::late_bounced || kind == EventKind::late_delayed ||
         kind == EventKind::complained || kind == EventKind::unsubscribed ||
         kind == EventKind::auto_replied;
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

std::string file_text(const LogPosition& position) {
  return position == LogPosition() ? std::string() : position.file.name();
}

}  // namespace

Result<void> DayRows::prepare() {
  TRY(Statement find, database_.prepare("SELECT number, accepted, at FROM messages WHERE id = ?1"));
  TRY(Statement insert,
      database_.prepare("INSERT INTO messages (id, at, accepted, sender, message_id, session, "
                        "transaction_number, tenant, stream, login, client, size, tags, metadata, "
                        "words) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
                        "?14, ?15)"));
  TRY(Statement complete,
      database_.prepare("UPDATE messages SET at = ?2, accepted = 1, message_id = ?3, session = ?4, "
                        "transaction_number = ?5, login = ?6, client = ?7, size = ?8, words = ?9 "
                        "WHERE number = ?1"));
  TRY(Statement insert_words, database_.prepare("INSERT INTO subjects (rowid, words) "
                                                "VALUES (?1, ?2)"));
  TRY(Statement insert_tag, database_.prepare("INSERT OR IGNORE INTO tags (tag, message) "
                                              "VALUES (?1, ?2)"));
  TRY(Statement next_place,
      database_.prepare("SELECT coalesce(max(place) + 1, 0) FROM recipients WHERE message = ?1"));
  TRY(Statement insert_recipient,
      database_.prepare("INSERT INTO recipients (message, place, address, domain, state, "
                        "settled_at) VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0))"));
  // One address may be named twice in an envelope: the one that still waits comes first. The index
  // ignores case, and addresses that differ in it are two recipients.
  TRY(Statement find_recipient,
      database_.prepare("SELECT place, state FROM recipients WHERE address = ?2 AND message = ?1 "
                        "AND address COLLATE BINARY = ?2 "
                        "ORDER BY state <> 'queued', place LIMIT 1"));
  TRY(Statement set_state, database_.prepare("UPDATE recipients SET state = ?3, settled_at = "
                                             "nullif(?4, 0) WHERE message = ?1 AND place = ?2"));
  TRY(Statement insert_event,
      database_.prepare("INSERT INTO events (message, at, kind, class, host, line) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  TRY(Statement add_total,
      database_.prepare("INSERT INTO totals (name, count) VALUES (?1, ?2) "
                        "ON CONFLICT DO UPDATE SET count = count + excluded.count"));
  TRY(Statement insert_gap,
      database_.prepare("INSERT INTO gaps (from_at, to_at, lost) VALUES (?1, ?2, ?3)"));
  TRY(Statement set_mark,
      database_.prepare("INSERT OR REPLACE INTO feed (only, batch_file, batch_offset, end_file, "
                        "end_offset, rebuilding) VALUES (1, ?1, ?2, ?3, ?4, ?5)"));
  sql_.emplace(Statements{std::move(find), std::move(insert), std::move(complete),
                          std::move(insert_words), std::move(insert_tag), std::move(next_place),
                          std::move(insert_recipient), std::move(find_recipient),
                          std::move(set_state), std::move(insert_event), std::move(add_total),
                          std::move(insert_gap), std::move(set_mark)});
  return {};
}

Result<int64_t> DayRows::message_of(const Event& event) {
  bool is_start = event.kind == EventKind::accepted || event.kind == EventKind::rejected;
  if (event.message && !is_start && *event.message == last_id_) return last_number_;
  if (YoungMessage* known = event.message ? young_.find(*event.message) : nullptr) {
    if (!is_start) return known->number();
    TRY_VOID(write_young());  // a second beginning is told of by the file
  }
  int64_t number = 0;
  bool known = false;
  if (event.message) {
    Statement& find = sql_->find_message;
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
    last_id_ = *event.message;
    last_number_ = number;
  }
  return number;
}

Result<int64_t> DayRows::insert_message(const Event& event) {
  Statement& insert = sql_->insert_message;
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
  const std::string words = subject_words(event.subject);
  insert.lend(15, words);
  TRY_VOID(insert.run());
  const int64_t number = database_.last_row();
  TRY_VOID(insert_words(number, words));
  TRY_VOID(insert_tags(number, event));
  return number;
}

Result<void> DayRows::insert_words(int64_t message, const std::string& words) {
  if (words.empty()) return {};
  return sql_->insert_words.bind(1, message).lend(2, words).run();
}

// Each by its name as well.
Result<void> DayRows::insert_tags(int64_t message, const Event& event) {
  for (const std::string& tag : event.tags) {
    const std::string name = tag.substr(0, tag.find('='));
    TRY_VOID(sql_->insert_tag.lend(1, tag).bind(2, message).run());
    TRY_VOID(sql_->insert_tag.lend(1, name).bind(2, message).run());
  }
  return {};
}

// An outcome was seen first: what only the acceptance knows is added.
Result<void> DayRows::complete_message(int64_t number, const Event& event) {
  Statement& complete = sql_->complete_message;
  complete.bind(1, number).bind(2, micros(event.at)).bind(3, event.message_id);
  complete.bind(4, event.session).bind(5, event.transaction);
  complete.bind(6, event.login).bind(7, event.client);
  complete.bind(8, static_cast<int64_t>(event.size_octets));
  const std::string words = subject_words(event.subject);
  complete.lend(9, words);
  TRY_VOID(complete.run());
  TRY_VOID(insert_words(number, words));
  TRY_VOID(insert_tags(number, event));
  for (const std::string& address : event.recipients) {
    Statement& find = sql_->find_recipient;
    find.bind(1, number).bind(2, address);
    Result<bool> known = find.step();
    find.reset();
    if (!known) return failure(std::move(known).error());
    if (!*known) TRY_VOID(append_recipient(number, address, state_queued, event.at));
  }
  return {};
}

// Those of a new message.
Result<void> DayRows::add_recipients(int64_t message, const Event& event) {
  const std::string_view state = event.kind == EventKind::rejected ? state_rejected
                                 : came_back(event.kind) ? events::name(EventKind::delivered)
                                                         : state_queued;
  if (event.message && event.recipients.size() <= YoungMessage::recipients_max) {
    young_.add(*event.message, YoungMessage(message, event.recipients, state, event.at));
    return {};
  }
  int64_t place = 0;
  for (const std::string& address : event.recipients)
    TRY_VOID(insert_recipient(message, place++, address, state, event.at));
  return {};
}

Result<void> DayRows::note_outcome(int64_t message, const Event& event, std::string_view state) {
  YoungMessage* known = event.message ? young_.find(*event.message) : nullptr;
  const StateChange change{state, event.at, state_before(event.kind)};
  for (const std::string& address : event.recipients) {
    if (known)
      known->set_state(address, change, state_queued);
    else
      TRY_VOID(set_state(message, address, change));
  }
  return {};
}

Result<void> DayRows::write_young() {
  for (const YoungMessage& message : young_.all()) {
    int64_t place = 0;
    for (const YoungRecipient& each : message.recipients())
      TRY_VOID(insert_recipient(message.number(), place++, each.address, each.state, each.at));
  }
  young_.clear();
  return {};
}

Result<void> DayRows::insert_recipient(int64_t message, int64_t place, const std::string& address,
                                       std::string_view state, WallTime at) {
  Statement& insert = sql_->insert_recipient;
  const std::string domain = domain_of(address);
  insert.bind(1, message).bind(2, place).lend(3, address).lend(4, domain);
  insert.lend(5, state).bind(6, state == state_queued ? 0 : micros(at));
  TRY_VOID(insert.run());
  ++changes_[state];
  return {};
}

Result<void> DayRows::append_recipient(int64_t message, const std::string& address,
                                       std::string_view state, WallTime at) {
  Statement& next = sql_->next_place;
  next.bind(1, message);
  TRY(bool found, next.step());
  int64_t place = found ? next.integer(0) : 0;
  next.reset();
  return insert_recipient(message, place, address, state, at);
}

// The last word counts: an outcome that a crash repeated replaces the one before it.
Result<void> DayRows::set_state(int64_t message, const std::string& address,
                                const StateChange& change) {
  Statement& find = sql_->find_recipient;
  find.bind(1, message).bind(2, address);
  TRY(bool found, find.step());
  int64_t place = found ? find.integer(0) : 0;
  std::optional<std::string_view> before;
  // A view that outlives the row: one of the names that we write.
  if (found) before = known_state(find.text(1));
  find.reset();
  if (change.only_after && (!found || before != change.only_after)) return {};
  if (!found) return append_recipient(message, address, change.state, change.at);
  if (before == change.state) return {};
  Statement& set = sql_->set_state;
  set.bind(1, message).bind(2, place).bind(3, change.state);
  set.bind(4, change.state == state_queued ? 0 : micros(change.at));
  TRY_VOID(set.run());
  if (before) --changes_[*before];
  ++changes_[change.state];
  return {};
}

Result<void> DayRows::insert_event(int64_t message, const Event& event, std::string_view line) {
  Statement& insert = sql_->insert_event;
  insert.bind(1, message).bind(2, micros(event.at)).lend(3, events::name(event.kind));
  insert.lend(4, event.cause.reply_class).lend(5, event.peer.host).lend(6, line);
  return insert.run();
}

Result<void> DayRows::write_totals() {
  for (const auto& [name, change] : changes_) {
    if (change == 0) continue;
    sql_->add_total.bind(1, name).bind(2, change);
    TRY_VOID(sql_->add_total.run());
  }
  return {};
}

Result<void> DayRows::write_mark(const FeedMark& now) {
  Statement& set = sql_->set_mark;
  set.bind(1, file_text(now.batch_start)).bind(2, static_cast<int64_t>(now.batch_start.offset));
  set.bind(3, file_text(now.end)).bind(4, static_cast<int64_t>(now.end.offset));
  set.bind(5, now.rebuilding ? 1 : 0);
  return set.run();
}

Result<void> DayRows::insert_gap(WallTime from, WallTime to, uint64_t lost) {
  Statement& insert = sql_->insert_gap;
  insert.bind(1, micros(from)).bind(2, micros(to)).bind(3, static_cast<int64_t>(lost));
  return insert.run();
}

Result<void> DayRows::write_batch(const FeedMark& mark) {
  TRY_VOID(write_young());
  TRY_VOID(write_totals());
  return write_mark(mark);
}

int64_t DayRows::count_refusal() { return changes_[total_refusals]++; }

int64_t DayRows::end_batch() {
  const int64_t refusals = changes_[total_refusals];
  changes_.clear();
  return refusals;
}

void DayRows::drop_batch() {
  changes_.clear();
  young_.clear();
  last_id_ = MessageId();
}

}  // namespace waypost::records
