#include "records/search.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "records/day_file.h"
#include "records/day_query.h"
#include "records/days.h"
#include "records/event_files.h"
#include "records/log_search.h"

namespace waypost::records {
namespace {

constexpr int64_t events_of_a_message_max = 10'000;
constexpr int64_t events_of_a_summary_max = 20;

class Searcher {
 public:
  Searcher(io::Disk& disk, const RecordPlaces& places, const Search& wanted)
      : disk_(disk), places_(places), wanted_(wanted), left_(wanted.looked_at_max) {}

  Result<Found> run();

 private:
  void note_mark(Day day);
  bool may_hold(Day day) const;
  void search_day(Day day);
  Result<void> read_day(Day day);
  Result<FoundMessage> read_message(Database& database, const FoundRow& row);
  Result<void> read_events(Database& database, int64_t number, FoundMessage& message);
  Result<void> read_recipients(Database& database, int64_t number, FoundMessage& message);
  Result<void> note_gaps(Database& database);
  std::set<MessageId> ids() const;
  void join(LogFound beyond);
  FoundMessage read_known(MessageId id);
  static void set_time(FoundMessage& message);
  bool is_beyond(const FoundMessage& message) const;
  void note_problem(Day day, const Error& error);

  io::Disk& disk_;
  const RecordPlaces& places_;
  const Search& wanted_;
  size_t left_;  // of what may be looked at
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
    if (may_hold(day) && !found_.has_more && !found_.searched_from) search_day(day);
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
  if (!wanted_.ids.empty())
    return std::any_of(wanted_.ids.begin(), wanted_.ids.end(),
                       [&](const MessageId& id) { return day_of(id.accepted_at()) == day; });
  if (wanted_.message) return day == day_of(wanted_.message->accepted_at());
  if (wanted_.since && day < day_of(*wanted_.since)) return false;
  if (const auto& before = wanted_.before) {
    // Behind a place without an id comes nothing of its time.
    if (WallTime(day) > before->at || (WallTime(day) == before->at && !before->id)) return false;
  }
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
  TRY(FoundRows found, query_day(database, wanted_, missing + 1, left_));
  found_.searched_from = found.searched_from;
  if (!found_.searched_from && left_ == 0) found_.searched_from = WallTime(day);
  if (found.rows.size() > missing) {
    found_.has_more = true;
    found_.searched_from.reset();
    found.rows.resize(missing);
  }
  for (const FoundRow& row : found.rows) {
    TRY(FoundMessage message, read_message(database, row));
    found_.messages.push_back(std::move(message));
  }
  return {};
}

Result<FoundMessage> Searcher::read_message(Database& database, const FoundRow& row) {
  FoundMessage message{.id = row.id, .at = row.at};
  if (wanted_.detail == Detail::none) return message;
  TRY_VOID(read_events(database, row.number, message));
  if (wanted_.detail == Detail::summary) TRY_VOID(read_recipients(database, row.number, message));
  return message;
}

Result<void> Searcher::read_events(Database& database, int64_t number, FoundMessage& message) {
  TRY(Statement select,
      database.prepare("SELECT line FROM events WHERE number IN (SELECT number FROM (SELECT number "
                       "FROM events WHERE message = ?1 ORDER BY number DESC LIMIT ?2) UNION "
                       "SELECT min(number) FROM events WHERE message = ?1) ORDER BY number"));
  select.bind(1, number).bind(
      2, wanted_.detail == Detail::summary ? events_of_a_summary_max : events_of_a_message_max);
  while (true) {
    TRY(bool found, select.step());
    if (!found) return {};
    Result<events::Event> event = events::parse_json_line(select.text(0));
    if (!event)
      ++found_.damaged;
    else if (concerns(*event, wanted_))
      message.events.push_back(*std::move(event));
  }
}

Result<void> Searcher::read_recipients(Database& database, int64_t number, FoundMessage& message) {
  TRY(Statement select,
      database.prepare("SELECT address, state FROM recipients WHERE message = ?1 ORDER BY place"));
  select.bind(1, number);
  while (true) {
    TRY(bool found, select.step());
    if (!found) return {};
    message.recipients.push_back({std::string(select.text(0)), std::string(select.text(1))});
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
  FoundMessage message{.id = id};
  auto read = [&]() -> Result<void> {
    TRY(Database database, open_day_to_read(places_.folder, day_of(id.accepted_at())));
    TRY(Statement select, database.prepare("SELECT number, at FROM messages WHERE id = ?1"));
    select.bind_blob(1, id.raw());
    TRY(bool found, select.step());
    if (!found) return {};
    const WallTime at(std::chrono::microseconds(select.integer(1)));
    TRY(message, read_message(database, {select.integer(0), id, at}));
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
    if (place == places.end())
      found_.messages.push_back(message.id ? read_known(*message.id) : FoundMessage());
    FoundMessage& to =
        place == places.end() ? found_.messages.back() : found_.messages[place->second];
    std::move(message.events.begin(), message.events.end(), std::back_inserter(to.events));
  }
  for (FoundMessage& message : found_.messages) set_time(message);
  std::erase_if(found_.messages, [&](const FoundMessage& message) {
    return (message.events.empty() && wanted_.detail != Detail::none) || is_beyond(message);
  });
  std::stable_sort(found_.messages.begin(), found_.messages.end(),
                   [](const FoundMessage& a, const FoundMessage& b) {
                     return std::tie(a.at, a.id) > std::tie(b.at, b.id);
                   });
  if (found_.messages.size() <= wanted_.messages_max) return;
  found_.has_more = true;
  found_.searched_from.reset();
  found_.messages.resize(wanted_.messages_max);
}

// What only the log knows yet has no row to tell it.
void Searcher::set_time(FoundMessage& message) {
  if (message.at != WallTime() || message.events.empty()) return;
  const events::Event& first = message.events.front();
  const bool is_start =
      first.kind == events::EventKind::accepted || first.kind == events::EventKind::rejected;
  message.at = is_start || !message.id ? first.at : message.id->accepted_at();
}

// On the wrong side of a place, or older than what was searched. The log is read to the
// millisecond.
bool Searcher::is_beyond(const FoundMessage& message) const {
  if (found_.searched_from && message.at < *found_.searched_from) return true;
  if (!wanted_.before) return false;
  return std::tie(message.at, message.id) >= std::tie(wanted_.before->at, wanted_.before->id);
}

}  // namespace

Result<Found> search(io::Disk& disk, const RecordPlaces& places, const Search& wanted) {
  return Searcher(disk, places, wanted).run();
}

}  // namespace waypost::records
