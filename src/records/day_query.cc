#include "records/day_query.h"

#include <algorithm>
#include <limits>
#include <span>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/json_writer.h"
#include "records/day_conditions.h"
#include "records/day_tables.h"
#include "records/subject_words.h"

namespace waypost::records {
namespace {

// So many that meet a condition are few: all of them can be looked at.
constexpr int64_t few_max = 20'000;
// Lines of two shards stand in the log so much out of order, as far as anybody can notice.
constexpr int64_t disorder_max = 200;
// Looked at between two looks at what is left.
constexpr int64_t piece = 5000;
constexpr int64_t first_key = std::numeric_limits<int64_t>::min();
constexpr int64_t last_key = std::numeric_limits<int64_t>::max();
// Behind every address that begins with what stands before it.
constexpr std::string_view last_character = "\xf4\x8f\xbf\xbf";

int64_t micros(WallTime time) { return time.time_since_epoch().count(); }

std::optional<MessageId> id_from(std::string_view octets) {
  if (octets.size() != MessageId::octets) return std::nullopt;
  return MessageId::from_octets(std::span<const uint8_t, MessageId::octets>(
      reinterpret_cast<const uint8_t*>(octets.data()), MessageId::octets));
}

Result<void> read_rows(Statement& select, std::vector<FoundRow>& rows) {
  while (true) {
    TRY(bool found, select.step());
    if (!found) return {};
    rows.push_back({select.integer(0), id_from(select.text(1)),
                    WallTime(std::chrono::microseconds(select.integer(2)))});
  }
}

std::string json_of(const std::vector<std::string>& values) {
  std::string list = "[";
  for (const std::string& value : values) {
    if (list.size() > 1) list += ',';
    base::append_json_string(list, value);
  }
  return list + "]";
}

// From the newest to the oldest, piece by piece. A piece is what stands between two keys: times
// where all messages are walked, else their numbers.
struct Walk {
  std::optional<Statement> ends;  // where the next piece ends, and how many are in it
  Statement rows;                 // those of a piece that meet all
  std::optional<Statement> time_of;
  int64_t floor = first_key;
  int64_t next_low = first_key;
  int64_t below = last_key;
  int64_t piece_max = last_key;
  bool is_over = false;
};

class DayQuery {
 public:
  DayQuery(Database& database, const Search& wanted)
      : database_(database), wanted_(wanted), words_(sought_words(wanted.subject)) {
    if (!words_.empty()) word_ = words_.front();
  }

  Result<FoundRows> run(size_t most, size_t& left);

 private:
  Result<FoundRows> read_named();
  Result<bool> has_what_is_asked();
  Result<void> choose_leader();
  Result<int64_t> count(const Condition& condition);
  Result<int64_t> choose_word(const Condition& condition);
  Result<Walk> start();
  Result<void> narrow(Walk& walk);
  std::string checks() const;
  std::string event_check() const;
  Result<size_t> find_piece(Walk& walk) const;
  Result<void> read_piece(Walk& walk, size_t most, FoundRows& found) const;
  void bind(Statement& statement) const;
  void bind_words(Statement& statement) const;
  bool wants(const Condition& condition) const;

  Database& database_;
  const Search& wanted_;
  const std::vector<std::string> words_;  // of the subject
  std::string word_;                      // of these, the one by whose entries it is found
  const Condition* leading_ = nullptr;    // null: all messages are walked
  std::optional<int64_t> few_;            // so many meet it, and none need be walked
};

Result<FoundRows> DayQuery::run(size_t most, size_t& left) {
  if (!wanted_.ids.empty()) return read_named();
  TRY(const bool may_hold, has_what_is_asked());
  if (!may_hold) return FoundRows();
  TRY_VOID(choose_leader());
  TRY(Walk walk, start());
  const bool has_end = left < std::numeric_limits<size_t>::max();
  FoundRows found;
  walk.piece_max = static_cast<int64_t>(most) + disorder_max;
  // Numbers are in the order of the log, which is that of the times but for a little.
  bool is_last = false;
  while (!walk.is_over) {
    TRY(const size_t looked_at, find_piece(walk));
    TRY_VOID(read_piece(walk, most, found));
    left -= std::min(left, has_end ? looked_at : size_t(0));
    if (is_last) break;
    const bool is_enough = found.rows.size() >= most;
    if (walk.is_over || (!is_enough && left > 0)) {
      walk.piece_max = has_end ? piece : last_key;
      continue;
    }
    if (!walk.time_of) {
      if (!is_enough) found.searched_from = WallTime(std::chrono::microseconds(walk.next_low));
      break;
    }
    if (!is_enough) {
      TRY_VOID(walk.time_of->bind(low_place, walk.next_low).step());
      found.searched_from = WallTime(std::chrono::microseconds(walk.time_of->integer(0)));
    }
    walk.piece_max = disorder_max;
    is_last = true;
  }
  std::sort(found.rows.begin(), found.rows.end(), [](const FoundRow& one, const FoundRow& other) {
    return std::tie(one.at, one.id) > std::tie(other.at, other.id);
  });
  if (found.searched_from)
    std::erase_if(found.rows, [&](const FoundRow& row) { return row.at < *found.searched_from; });
  if (found.rows.size() > most) found.rows.resize(most);
  return found;
}

Result<FoundRows> DayQuery::read_named() {
  FoundRows found;
  TRY(Statement select, database_.prepare("SELECT number, id, at FROM messages WHERE id = ?1"));
  for (const MessageId& id : wanted_.ids) {
    select.bind_blob(1, id.raw());
    TRY_VOID(read_rows(select, found.rows));
    select.reset();
  }
  return found;
}

// Files of before knew neither subjects nor tags.
Result<bool> DayQuery::has_what_is_asked() {
  if (words_.empty() && wanted_.tag.empty()) return true;
  TRY(const int64_t version, database_.schema_version());
  return version >= version_with_subjects;
}

bool DayQuery::wants(const Condition& condition) const {
  if (condition.parameter == states_place) return !wanted_.states.empty();
  if (condition.parameter == word_place) return !words_.empty();
  return condition.text ? !(wanted_.*condition.text).empty() : wanted_.message.has_value();
}

// The condition that fewest meet; where many meet each, the first whose entries are in order.
Result<void> DayQuery::choose_leader() {
  const Condition* smallest = nullptr;
  const Condition* in_order = nullptr;
  int64_t fewest = few_max + 1;
  for (const Condition& condition : day_conditions()) {
    if (!wants(condition)) continue;
    TRY(const int64_t meet,
        condition.parameter == word_place ? choose_word(condition) : count(condition));
    if (meet < fewest) smallest = &condition;
    fewest = std::min(fewest, meet);
    if (condition.is_in_order && !in_order) in_order = &condition;
  }
  leading_ = smallest ? smallest : in_order;
  if (smallest) few_ = fewest;
  return {};
}

// Up to one more than few.
Result<int64_t> DayQuery::count(const Condition& condition) {
  TRY(Statement counted,
      database_.prepare(
          fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT ?30)", condition.entries)));
  bind(counted);
  counted.bind(limit_place, few_max + 1);
  TRY(bool found, counted.step());
  return found ? counted.integer(0) : 0;
}

// The first that few meet, the longest first: as a rule it is the rarest. Where many meet each, the
// longest.
Result<int64_t> DayQuery::choose_word(const Condition& condition) {
  std::vector<std::string> words = words_;
  std::stable_sort(
      words.begin(), words.end(),
      [](const std::string& one, const std::string& other) { return one.size() > other.size(); });
  for (std::string& word : words) {
    word_ = word;
    TRY(const int64_t meet, count(condition));
    if (meet <= few_max) return meet;
  }
  word_ = std::move(words.front());
  return few_max + 1;
}

Result<Walk> DayQuery::start() {
  constexpr std::string_view range = "{0} >= ?20 AND {0} < ?21";
  std::string key = "at";
  std::string entries = "messages WHERE 1";
  std::string piece_of = fmt::format(range, key);
  if (leading_) {
    key = leading_->message;
    entries = leading_->entries;
    piece_of = fmt::format("number IN (SELECT {} FROM {}{})", key, entries,
                           few_ ? "" : " AND " + fmt::format(range, key));
  }
  TRY(Statement rows,
      database_.prepare(fmt::format(
          "SELECT number, id, at FROM messages WHERE {}{} ORDER BY {}at DESC, id DESC LIMIT ?30",
          piece_of, checks(), leading_ ? "+" : "")));
  Walk walk{{}, std::move(rows), {}};
  if (few_) return walk;
  TRY(walk.ends, database_.prepare(fmt::format(
                     "SELECT min(key), count(*) FROM (SELECT {3}{0} AS key FROM "
                     "{1} AND {2} ORDER BY 1 DESC LIMIT ?30)",
                     key, entries, fmt::format(range, key), leading_ ? "DISTINCT " : "")));
  if (leading_) {
    TRY(walk.time_of, database_.prepare("SELECT at FROM messages WHERE number = ?20"));
    TRY_VOID(narrow(walk));
    return walk;
  }
  if (wanted_.since) walk.floor = micros(*wanted_.since);
  if (wanted_.until) walk.below = micros(*wanted_.until);
  if (wanted_.before) walk.below = std::min(walk.below, micros(wanted_.before->at) + 1);
  return walk;
}

// The numbers of those times.
Result<void> DayQuery::narrow(Walk& walk) {
  const auto find = [&](const char* sql, WallTime time) -> Result<std::optional<int64_t>> {
    TRY(Statement select, database_.prepare(sql));
    select.bind(low_place, micros(time)).bind(limit_place, disorder_max);
    TRY(bool found, select.step());
    return found ? select.optional_integer(0) : std::nullopt;
  };
  std::optional<WallTime> end = wanted_.until;
  if (wanted_.before && (!end || wanted_.before->at < *end)) end = wanted_.before->at;
  if (end) {
    TRY(const auto last,
        find("SELECT max(number) FROM (SELECT number FROM messages WHERE at <= ?20 "
             "ORDER BY at DESC LIMIT ?30)",
             *end));
    if (last) walk.below = *last + 1;
    walk.is_over = !last;
  }
  if (wanted_.since) {
    TRY(const auto first,
        find("SELECT min(number) FROM (SELECT number FROM messages WHERE at >= ?20 "
             "ORDER BY at LIMIT ?30)",
             *wanted_.since));
    if (first) walk.floor = *first;
    walk.is_over = walk.is_over || !first;
  }
  return {};
}

std::string DayQuery::checks() const {
  std::string all;
  const auto add = [&](std::string_view check) { all += fmt::format(" AND {}", check); };
  for (const Condition& condition : day_conditions())
    if ((&condition != leading_ || condition.is_rough) && wants(condition)) add(condition.check);
  if (asks_for_one_event(wanted_)) add(event_check());
  if (wanted_.since) add("+at >= ?8");
  if (wanted_.until) add("+at < ?9");
  if (wanted_.tenant) add("+tenant = ?13");
  if (wanted_.before) add("(+at < ?14 OR (+at = ?14 AND +id < ?15))");
  if (wanted_.with_id) add("+id IS NOT NULL");
  if (!wanted_.direction.empty()) add(direction_check(wanted_.direction));
  return all;
}

// All on one event of the message.
std::string DayQuery::event_check() const {
  std::string check = "EXISTS (SELECT 1 FROM events WHERE message = messages.number";
  if (!wanted_.reply_class.empty()) check += " AND +class = ?6";
  if (!wanted_.kinds.empty()) check += " AND kind IN (SELECT value FROM json_each(?17))";
  if (const auto& since = wanted_.happened_since)
    check += fmt::format(" AND at >= {}", micros(*since));
  if (wanted_.site == no_site)
    check += " AND kind IN ('deferred', 'bounced', 'expired') AND line ->> 'site' IS NULL";
  else if (!wanted_.site.empty())
    check += " AND line ->> 'site' = ?18";
  return check + ")";
}

void DayQuery::bind(Statement& statement) const {
  for (const Condition& condition : day_conditions())
    if (condition.text && wants(condition))
      statement.bind(condition.parameter, wanted_.*condition.text);
  if (wanted_.message) statement.bind_blob(1, wanted_.message->raw());
  if (!wanted_.states.empty()) statement.bind(states_place, json_of(wanted_.states));
  if (!wanted_.kinds.empty()) statement.bind(kinds_place, json_of(wanted_.kinds));
  if (!wanted_.site.empty()) statement.bind(site_place, wanted_.site);
  if (!wanted_.domain.empty()) statement.bind(domain_place, base::to_lower(wanted_.domain));
  if (!wanted_.sender_domain.empty())
    statement.bind(sender_domain_place, base::to_lower(wanted_.sender_domain));
  if (!wanted_.address_prefix.empty())
    statement.bind(prefix_end_place, wanted_.address_prefix + std::string(last_character));
  if (!words_.empty()) bind_words(statement);
  if (wanted_.since) statement.bind(8, micros(*wanted_.since));
  if (wanted_.until) statement.bind(9, micros(*wanted_.until));
  if (wanted_.tenant) statement.bind(tenant_place, *wanted_.tenant);
  if (!wanted_.before) return;
  statement.bind(before_at_place, micros(wanted_.before->at));
  statement.bind_blob(before_id_place, wanted_.before->id ? wanted_.before->id->raw() : "");
}

void DayQuery::bind_words(Statement& statement) const {
  statement.bind(word_place, word_).bind(word_end_place, word_ + std::string(last_character));
  statement.bind(words_place, json_of(words_));
}

// How many entries the next piece has, and where it ends.
Result<size_t> DayQuery::find_piece(Walk& walk) const {
  if (few_) {
    walk.is_over = true;
    return size_t(*few_);
  }
  Statement& ends = *walk.ends;
  ends.reset();
  bind(ends);
  ends.bind(low_place, walk.floor).bind(below_place, walk.below).bind(limit_place, walk.piece_max);
  TRY(bool found, ends.step());
  const int64_t entries = found ? ends.integer(1) : 0;
  walk.is_over = entries < walk.piece_max;
  walk.next_low = walk.is_over ? walk.floor : ends.integer(0);
  return size_t(entries);
}

Result<void> DayQuery::read_piece(Walk& walk, size_t most, FoundRows& found) const {
  walk.rows.reset();
  bind(walk.rows);
  walk.rows.bind(limit_place, static_cast<int64_t>(most));
  if (!few_) walk.rows.bind(low_place, walk.next_low).bind(below_place, walk.below);
  walk.below = walk.next_low;
  return read_rows(walk.rows, found.rows);
}

}  // namespace

Result<FoundRows> query_day(Database& database, const Search& wanted, size_t most, size_t& left) {
  return DayQuery(database, wanted).run(most, left);
}

}  // namespace waypost::records
