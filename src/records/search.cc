#include "records/search.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "records/day_file.h"
#include "records/days.h"
#include "records/event_files.h"
#include "records/log_search.h"

namespace waypost::records {
namespace {

constexpr int64_t events_of_a_message_max = 10'000;
// Recipients that are collected before their messages are put in order.
constexpr int64_t collected_max = 20'000;
// Behind every address that begins with what stands before it.
constexpr std::string_view last_character = "\xf4\x8f\xbf\xbf";

int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

// What a search means to a day's file: a condition each, with its parameter.
class Query {
 public:
  explicit Query(const Search& wanted) : wanted_(wanted) {}

  // The newest `most` messages.
  Result<Statement> prepare(Database& database, size_t most) {
    conditions_.clear();
    // A single condition is met by the newest so many that its index names; several must each be
    // known in full.
    first_ = " ORDER BY 1 DESC";
    if (count_conditions() == 1) first_ += fmt::format(" LIMIT {}", most);
    add_conditions();
    TRY_VOID(add_conditions_on_recipients(database));
    TRY(Statement select,
        database.prepare(fmt::format(
            "SELECT number, id FROM messages{} ORDER BY number DESC LIMIT {}", conditions_, most)));
    bind(select);
    return select;
  }

 private:
  int count_conditions() const {
    return int(wanted_.message.has_value()) + int(!wanted_.address.empty()) +
           int(!wanted_.message_id.empty()) + int(!wanted_.session.empty()) +
           int(!wanted_.domain.empty()) + int(!wanted_.reply_class.empty()) +
           int(!wanted_.host.empty()) + int(!wanted_.address_prefix.empty()) +
           int(!wanted_.state.empty()) + int(wanted_.since.has_value()) +
           int(wanted_.until.has_value());
  }

  void add_conditions() {
    if (wanted_.message) want("id = ?1");
    if (!wanted_.address.empty())
      want("(number IN (SELECT number FROM messages WHERE sender = ?2" + first_ +
           ") OR number IN (SELECT DISTINCT message FROM recipients WHERE address = ?2" + first_ +
           "))");
    if (!wanted_.message_id.empty()) want("message_id = ?3 AND message_id <> ''");
    if (!wanted_.session.empty()) want("session = ?4 AND session <> ''");
    if (!wanted_.domain.empty())
      want("number IN (SELECT DISTINCT message FROM recipients WHERE domain = ?5" + first_ + ")");
    if (!wanted_.reply_class.empty())
      want("number IN (SELECT DISTINCT message FROM events WHERE class = ?6 AND class <> ''" +
           first_ + ")");
    if (!wanted_.host.empty())
      want("number IN (SELECT DISTINCT message FROM events WHERE host = ?7 AND host <> ''" +
           first_ + ")");
    if (wanted_.since) want("at >= ?8");
    if (wanted_.until) want("at < ?9");
  }

  // A few recipients are collected. Of many the newest are soon found by going from message to
  // message, and nobody waits until all are in order.
  Result<void> add_conditions_on_recipients(Database& database) {
    const auto add = [&](const std::string& collected, const std::string& walked, bool few) {
      want(few ? "number IN (SELECT DISTINCT message FROM recipients WHERE " + collected + first_ +
                     ")"
               : "EXISTS (SELECT 1 FROM recipients WHERE message = messages.number AND " + walked +
                     ")");
    };
    if (!wanted_.address_prefix.empty()) {
      TRY(Statement probe,
          database.prepare(fmt::format("SELECT count(*) FROM (SELECT 1 FROM recipients WHERE "
                                       "address >= ?10 AND address < ?11 LIMIT {})",
                                       collected_max + 1)));
      bind_prefix(probe);
      TRY(bool counted, probe.step());
      add("address >= ?10 AND address < ?11", "+address >= ?10 AND +address < ?11",
          counted && probe.integer(0) <= collected_max);
    }
    if (!wanted_.state.empty()) {
      TRY(const int64_t count, read_total(database, wanted_.state));
      add("state = ?12", "state = ?12", count <= collected_max);
    }
    return {};
  }

  void bind_prefix(Statement& select) const {
    select.bind(10, wanted_.address_prefix);
    select.bind(11, wanted_.address_prefix + std::string(last_character));
  }

  void bind(Statement& select) const {
    if (!wanted_.address_prefix.empty()) bind_prefix(select);
    if (!wanted_.state.empty()) select.bind(12, wanted_.state);
    if (wanted_.message) select.bind_blob(1, wanted_.message->raw());
    if (!wanted_.address.empty()) select.bind(2, wanted_.address);
    if (!wanted_.message_id.empty()) select.bind(3, wanted_.message_id);
    if (!wanted_.session.empty()) select.bind(4, wanted_.session);
    if (!wanted_.domain.empty()) select.bind(5, base::to_lower(wanted_.domain));
    if (!wanted_.reply_class.empty()) select.bind(6, wanted_.reply_class);
    if (!wanted_.host.empty()) select.bind(7, wanted_.host);
    if (wanted_.since) select.bind(8, micros(*wanted_.since));
    if (wanted_.until) select.bind(9, micros(*wanted_.until));
  }

  void want(const std::string& condition) {
    conditions_ += conditions_.empty() ? " WHERE " : " AND ";
    conditions_ += condition;
  }

  const Search& wanted_;
  std::string first_;
  std::string conditions_;
};

struct Row {
  int64_t number = 0;
  std::optional<MessageId> id;
};

std::optional<MessageId> id_from(std::string_view octets) {
  if (octets.size() != MessageId::octets) return std::nullopt;
  return MessageId::from_octets(std::span<const uint8_t, MessageId::octets>(
      reinterpret_cast<const uint8_t*>(octets.data()), MessageId::octets));
}

class Searcher {
 public:
  Searcher(io::Disk& disk, const RecordPlaces& places, const Search& wanted)
      : disk_(disk), places_(places), wanted_(wanted), query_(wanted) {}

  Result<Found> run();

 private:
  void note_mark(Day day);
  bool may_hold(Day day) const;
  void search_day(Day day);
  Result<void> read_day(Day day);
  Result<FoundMessage> read_message(Database& database, const Row& row);
  Result<void> note_gaps(Database& database);
  std::set<MessageId> ids() const;
  void join(LogFound beyond);
  FoundMessage read_known(MessageId id);
  void note_problem(Day day, const Error& error);

  io::Disk& disk_;
  const RecordPlaces& places_;
  const Search& wanted_;
  Query query_;
  Found found_;  // newest first, until the end
  LogBounds bounds_;
};

Result<Found> Searcher::run() {
  TRY(std::vector<Day> days, list_days(disk_, places_.folder, day_file_suffix));
  std::reverse(days.begin(), days.end());
  // Before any file is searched: all that is in the log before the latest beginning of a batch is
  // in the files by then.
  for (Day day : days) note_mark(day);
  for (Day day : days)
    if (may_hold(day) && !found_.has_more) search_day(day);
  TRY(LogFound beyond, search_log(disk_, places_.events_folder, wanted_, bounds_, ids()));
  join(std::move(beyond));
  std::reverse(found_.messages.begin(), found_.messages.end());
  return std::move(found_);
}

void Searcher::note_mark(Day day) {
  auto mark = [&]() -> Result<std::optional<FeedMark>> {
    TRY(Database database, open_day_to_read(places_.folder, day));
    return read_mark(database);
  }();
  // A day that cannot have what is wanted takes nothing from the answer.
  const bool matters = may_hold(day);
  if (!mark && matters && mark.error().code() != ErrorCode::not_found)
    note_problem(day, mark.error());
  if (!mark || !*mark) return;
  bounds_.ends[day] = (*mark)->end;
  if (!(*mark)->rebuilding)
    bounds_.from = std::max(bounds_.from, (*mark)->batch_start);
  else if (matters)
    found_.problems.push_back(fmt::format(
        "the records of {} were damaged and are being written again; some are still missing",
        day_text(day)));
}

bool Searcher::may_hold(Day day) const {
  if (wanted_.message) return day == day_of(wanted_.message->accepted_at());
  if (wanted_.since && day < day_of(*wanted_.since)) return false;
  return !wanted_.until || WallTime(day) < *wanted_.until;
}

void Searcher::search_day(Day day) {
  Result<void> read = read_day(day);
  if (!read && read.error().code() != ErrorCode::not_found) note_problem(day, read.error());
}

void Searcher::note_problem(Day day, const Error& error) {
  std::string problem =
      fmt::format("the records of {} cannot be read: {}", day_text(day), error.describe());
  if (std::find(found_.problems.begin(), found_.problems.end(), problem) == found_.problems.end())
    found_.problems.push_back(std::move(problem));
}

Result<void> Searcher::read_day(Day day) {
  TRY(Database database, open_day_to_read(places_.folder, day));
  // One state of the file for all that is asked of it.
  TRY_VOID(database.execute("BEGIN"));
  TRY(std::optional<FeedMark> mark, read_mark(database));
  if (mark) bounds_.ends[day] = mark->end;
  TRY_VOID(note_gaps(database));
  size_t missing = wanted_.messages_max - found_.messages.size();
  TRY(Statement select, query_.prepare(database, missing + 1));
  std::vector<Row> rows;
  while (true) {
    TRY(bool found, select.step());
    if (!found) break;
    rows.push_back({select.integer(0), id_from(select.text(1))});
  }
  if (rows.size() > missing) {
    found_.has_more = true;
    rows.resize(missing);
  }
  for (const Row& row : rows) {
    TRY(FoundMessage message, read_message(database, row));
    found_.messages.push_back(std::move(message));
  }
  return {};
}

Result<FoundMessage> Searcher::read_message(Database& database, const Row& row) {
  FoundMessage message{row.id, {}};
  TRY(Statement select,
      database.prepare("SELECT line FROM events WHERE number IN (SELECT number FROM (SELECT number "
                       "FROM events WHERE message = ?1 ORDER BY number DESC LIMIT ?2) UNION "
                       "SELECT min(number) FROM events WHERE message = ?1) ORDER BY number"));
  select.bind(1, row.number).bind(2, events_of_a_message_max);
  while (true) {
    TRY(bool found, select.step());
    if (!found) return message;
    Result<events::Event> event = events::parse_json_line(select.text(0));
    if (!event)
      ++found_.damaged;
    else if (concerns(*event, wanted_))
      message.events.push_back(*std::move(event));
  }
}

Result<void> Searcher::note_gaps(Database& database) {
  TRY(Statement lost, database.prepare("SELECT coalesce(sum(lost), 0) FROM gaps"));
  TRY(bool found, lost.step());
  if (found) found_.lost_events += static_cast<uint64_t>(lost.integer(0));
  return {};
}

std::set<MessageId> Searcher::ids() const {
  std::set<MessageId> all;
  for (const FoundMessage& message : found_.messages)
    if (message.id) all.insert(*message.id);
  return all;
}

// What the files tell of a message that only the log showed to be wanted.
FoundMessage Searcher::read_known(MessageId id) {
  FoundMessage message{id, {}};
  auto read = [&]() -> Result<void> {
    TRY(Database database, open_day_to_read(places_.folder, day_of(id.accepted_at())));
    TRY(Statement select, database.prepare("SELECT number FROM messages WHERE id = ?1"));
    select.bind_blob(1, id.raw());
    TRY(bool found, select.step());
    if (!found) return {};
    TRY(message, read_message(database, {select.integer(0), id}));
    return {};
  };
  Day day = day_of(id.accepted_at());
  Result<void> done = bounds_.ends.contains(day) ? read() : Result<void>();
  if (!done) note_problem(day, done.error());
  return message;
}

void Searcher::join(LogFound beyond) {
  found_.damaged += beyond.read.damaged_lines;
  // Where there are files they tell of gaps, and a moment later of one that is new.
  if (bounds_.ends.empty()) found_.lost_events = beyond.read.lost_events;
  std::map<MessageId, size_t> places;
  for (size_t i = 0; i < found_.messages.size(); ++i)
    if (found_.messages[i].id) places.emplace(*found_.messages[i].id, i);
  for (FoundMessage& message : beyond.messages) {
    auto place = message.id ? places.find(*message.id) : places.end();
    if (place == places.end()) {
      found_.messages.push_back(message.id ? read_known(*message.id)
                                           : FoundMessage{std::nullopt, {}});
    }
    std::vector<events::Event>& to = place == places.end() ? found_.messages.back().events
                                                           : found_.messages[place->second].events;
    std::move(message.events.begin(), message.events.end(), std::back_inserter(to));
  }
  std::erase_if(found_.messages,
                [](const FoundMessage& message) { return message.events.empty(); });
  auto began = [](const FoundMessage& message) {
    return message.id ? message.id->accepted_at() : message.events.front().at;
  };
  std::stable_sort(
      found_.messages.begin(), found_.messages.end(),
      [&](const FoundMessage& a, const FoundMessage& b) { return began(a) > began(b); });
  if (found_.messages.size() <= wanted_.messages_max) return;
  found_.has_more = true;
  found_.messages.resize(wanted_.messages_max);
}

}  // namespace

Result<Found> search(io::Disk& disk, const RecordPlaces& places, const Search& wanted) {
  return Searcher(disk, places, wanted).run();
}

}  // namespace waypost::records
