#include "records/dmarc_store.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "message/received_dmarc.h"
#include "records/sqlite.h"

namespace waypost::records {
namespace {

namespace json = boost::json;
using message::DmarcReport;
using message::DmarcRow;
using message::FeedbackReport;

constexpr int64_t seconds_a_day = 86'400;
constexpr int64_t ahead_max = 2 * seconds_a_day;  // that the clock of a reporter may be

constexpr std::array<const char*, 2> migrations{
    "CREATE TABLE reports ("
    "  number INTEGER PRIMARY KEY,"
    "  organisation TEXT NOT NULL,"
    "  report_id TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  email TEXT NOT NULL,"
    "  begin_at INTEGER NOT NULL,"  // seconds since 1970, UTC
    "  end_at INTEGER NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  subdomain_policy TEXT NOT NULL,"
    "  testing INTEGER NOT NULL,"
    "  room INTEGER NOT NULL,"
    "  cut_off INTEGER NOT NULL,"
    "  kept_at INTEGER NOT NULL,"
    "  UNIQUE (organisation, report_id, domain)"
    ") STRICT;"
    "CREATE INDEX reports_end ON reports (end_at);"
    "CREATE TABLE rows ("
    "  report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE,"
    "  place INTEGER NOT NULL,"
    "  source TEXT NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  disposition TEXT NOT NULL,"
    "  dkim TEXT NOT NULL,"
    "  spf TEXT NOT NULL,"
    "  overrides TEXT NOT NULL,"  // JSON: [reason, ...]
    "  header_from TEXT NOT NULL,"
    "  envelope_from TEXT NOT NULL,"
    "  signatures TEXT NOT NULL,"  // JSON: [[domain, selector, result], ...]
    "  spf_domain TEXT NOT NULL,"
    "  spf_result TEXT NOT NULL,"
    "  PRIMARY KEY (report, place)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE failures ("
    "  number INTEGER PRIMARY KEY,"
    "  kept_at INTEGER NOT NULL,"
    "  reporter TEXT NOT NULL,"
    "  source TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  sender TEXT NOT NULL,"
    "  arrived TEXT NOT NULL,"  // as the reporter wrote it
    "  message_id TEXT NOT NULL,"
    "  auth_failure TEXT NOT NULL,"
    "  alignment TEXT NOT NULL,"
    "  delivery TEXT NOT NULL,"
    "  incidents INTEGER NOT NULL,"
    "  UNIQUE (reporter, source, domain, sender, arrived, message_id)"
    ") STRICT;"
    "CREATE INDEX failures_kept ON failures (kept_at)",
    // Reports without an id of their own are told apart by their times. The rows go first: dropping
    // what they refer to would drop them.
    "CREATE TABLE new_reports ("
    "  number INTEGER PRIMARY KEY,"
    "  organisation TEXT NOT NULL,"
    "  report_id TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  email TEXT NOT NULL,"
    "  begin_at INTEGER NOT NULL,"  // seconds since 1970, UTC
    "  end_at INTEGER NOT NULL,"
    "  policy TEXT NOT NULL,"
    "  subdomain_policy TEXT NOT NULL,"
    "  testing INTEGER NOT NULL,"
    "  room INTEGER NOT NULL,"
    "  cut_off INTEGER NOT NULL,"
    "  kept_at INTEGER NOT NULL,"
    "  UNIQUE (organisation, report_id, domain, begin_at, end_at)"
    ") STRICT;"
    "INSERT INTO new_reports SELECT * FROM reports;"
    "CREATE TABLE new_rows ("
    "  report INTEGER NOT NULL REFERENCES new_reports ON DELETE CASCADE,"
    "  place INTEGER NOT NULL,"
    "  source TEXT NOT NULL,"
    "  count INTEGER NOT NULL,"
    "  disposition TEXT NOT NULL,"
    "  dkim TEXT NOT NULL,"
    "  spf TEXT NOT NULL,"
    "  overrides TEXT NOT NULL,"  // JSON: [reason, ...]
    "  header_from TEXT NOT NULL,"
    "  envelope_from TEXT NOT NULL,"
    "  signatures TEXT NOT NULL,"  // JSON: [[domain, selector, result], ...]
    "  spf_domain TEXT NOT NULL,"
    "  spf_result TEXT NOT NULL,"
    "  PRIMARY KEY (report, place)"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO new_rows SELECT * FROM rows;"
    "DROP TABLE rows;"
    "DROP TABLE reports;"
    "ALTER TABLE new_reports RENAME TO reports;"
    "ALTER TABLE new_rows RENAME TO rows;"
    "CREATE INDEX reports_end ON reports (end_at)"};

int64_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string in_json(const std::vector<std::string>& texts) {
  return json::serialize(json::array(texts.begin(), texts.end()));
}

std::string in_json(const std::vector<message::DmarcSignature>& signatures) {
  json::array all;
  for (const message::DmarcSignature& one : signatures)
    all.push_back(json::array{one.domain, one.selector, one.result});
  return json::serialize(all);
}

// What is no array of that form was not written by us: it is left out.
std::vector<std::string> texts_in(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  std::vector<std::string> texts;
  if (error || !value.is_array()) return texts;
  for (const json::value& one : value.get_array())
    if (one.is_string()) texts.emplace_back(one.get_string());
  return texts;
}

std::vector<message::DmarcSignature> signatures_in(std::string_view text) {
  json::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  std::vector<message::DmarcSignature> signatures;
  if (error || !value.is_array()) return signatures;
  for (const json::value& one : value.get_array()) {
    const std::vector<std::string> parts = texts_in(json::serialize(one));
    if (parts.size() == 3) signatures.push_back({parts[0], parts[1], parts[2]});
  }
  return signatures;
}

DmarcRow row_of(const Statement& row) {
  DmarcRow one;
  one.source_ip = row.text(0);
  one.count = uint64_t(row.integer(1));
  one.disposition = row.text(2);
  one.dkim = row.text(3);
  one.spf = row.text(4);
  one.overrides = texts_in(row.text(5));
  one.header_from = row.text(6);
  one.envelope_from = row.text(7);
  one.signatures = signatures_in(row.text(8));
  one.spf_domain = row.text(9);
  one.spf_result = row.text(10);
  return one;
}

DmarcReport report_of(const Statement& row) {
  DmarcReport report;
  report.organisation = row.text(1);
  report.report_id = row.text(2);
  report.domain = row.text(3);
  report.email = row.text(4);
  report.begin = row.integer(5);
  report.end = row.integer(6);
  report.policy = row.text(7);
  report.subdomain_policy = row.text(8);
  report.testing = row.integer(9) != 0;
  report.cut_off = row.integer(10) != 0;
  return report;
}

FeedbackReport failure_of(const Statement& row) {
  FeedbackReport report;
  report.type = "auth-failure";
  report.user_agent = row.text(0);
  report.source_ip = row.text(1);
  if (!row.text(2).empty()) report.domains.emplace_back(row.text(2));
  report.mail_from = row.text(3);
  report.arrival_date = row.text(4);
  report.message_id = row.text(5);
  report.auth_failure = row.text(6);
  report.alignment = row.text(7);
  report.delivery_result = row.text(8);
  report.incidents = uint64_t(row.integer(9));
  return report;
}

Result<void> check_times(const DmarcReport& report, int64_t now) {
  if (report.end >= report.begin && report.begin > 0 && report.end <= now + ahead_max) return {};
  return failure(ErrorCode::invalid_input,
                 fmt::format("its times ({} to {}) cannot be meant", report.begin, report.end));
}

// Binds what is there in its order.
template <class... Texts>
Statement& bind_all(Statement& statement, int first, const Texts&... texts) {
  (statement.bind(first++, texts), ...);
  return statement;
}

}  // namespace

std::string_view name(DmarcKeeping keeping) {
  static constexpr std::string_view names[] = {"kept", "known", "too-old"};
  return names[size_t(keeping)];
}

uint64_t dmarc_room(const DmarcReport& report) {
  constexpr size_t piece = 512;
  uint64_t room = 1;
  for (const DmarcRow& row : report.rows) {
    size_t octets = row.header_from.size() + row.envelope_from.size() + row.spf_domain.size();
    for (const std::string& why : row.overrides) octets += why.size();
    for (const message::DmarcSignature& one : row.signatures)
      octets += one.domain.size() + one.selector.size() + one.result.size();
    room += 1 + octets / piece;
  }
  return room;
}

struct DmarcStore::Impl {
  Database database;
  int64_t seconds_kept = dmarc_kept_for.count();
  // What is in the file at most; none before it was counted.
  std::optional<int64_t> room_at_most = std::nullopt;

  Result<void> count_room() {
    TRY(Statement sum, database.prepare("SELECT coalesce(sum(room), 0) FROM reports"));
    TRY_VOID(sum.step());
    room_at_most = sum.integer(0);
    return {};
  }

  Result<void> insert_rows(const DmarcReport& report, int64_t number) {
    TRY(Statement insert,
        database.prepare("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    int64_t place = 0;
    for (const DmarcRow& row : report.rows) {
      insert.bind(1, number).bind(2, place++);
      bind_all(insert, 3, row.source_ip, int64_t(row.count), row.disposition, row.dkim, row.spf,
               in_json(row.overrides), row.header_from, row.envelope_from, in_json(row.signatures),
               row.spf_domain, row.spf_result);
      TRY_VOID(insert.run());
    }
    return {};
  }

  Result<DmarcKeeping> keep(const DmarcReport& report, int64_t now) {
    TRY(Transaction transaction, Transaction::begin(database));
    TRY(Statement insert,
        database.prepare("INSERT INTO reports (organisation, report_id, domain, email, "
                         "begin_at, end_at, policy, subdomain_policy, testing, room, "
                         "cut_off, kept_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                         "ON CONFLICT DO NOTHING"));
    const auto [organisation, id, domain, begin, end] = message::key_of(report);
    bind_all(insert, 1, organisation, id, domain, report.email, begin, end, report.policy,
             report.subdomain_policy, int64_t{report.testing}, int64_t(dmarc_room(report)),
             int64_t{report.cut_off}, now);
    TRY_VOID(insert.run());
    if (database.changed_rows() == 0) return DmarcKeeping::known;
    TRY_VOID(insert_rows(report, database.last_row()));
    if (room_at_most) *room_at_most += int64_t(dmarc_room(report));
    TRY_VOID(forget(now));
    TRY_VOID(transaction.commit());
    return DmarcKeeping::kept;
  }

  Result<DmarcKeeping> keep(const FeedbackReport& report, int64_t now) {
    TRY(Transaction transaction, Transaction::begin(database));
    TRY(Statement insert,
        database.prepare("INSERT INTO failures (kept_at, reporter, source, domain, sender, "
                         "arrived, message_id, auth_failure, alignment, delivery, incidents) "
                         "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
    const auto [reporter, source, domain, sender, arrived, id] = message::key_of(report);
    const auto incidents = int64_t(std::min(report.incidents, message::dmarc_count_max));
    bind_all(insert, 1, now, reporter, source, domain, sender, arrived, id, report.auth_failure,
             report.alignment, report.delivery_result, incidents);
    TRY_VOID(insert.run());
    if (database.changed_rows() == 0) return DmarcKeeping::known;
    TRY_VOID(forget(now));
    TRY_VOID(transaction.commit());
    return DmarcKeeping::kept;
  }

  // What is too old, and the oldest of what is too much.
  Result<void> forget(int64_t now) {
    TRY(Statement old, database.prepare("DELETE FROM reports WHERE end_at < ?"));
    TRY_VOID(old.bind(1, now - seconds_kept).run());
    TRY(Statement old_failures, database.prepare("DELETE FROM failures WHERE kept_at < ?"));
    TRY_VOID(old_failures.bind(1, now - seconds_kept).run());
    TRY_VOID(forget_oldest());
    TRY(Statement many_failures,
        database.prepare("DELETE FROM failures WHERE number <= (SELECT max(number) FROM failures) "
                         "- ?"));
    return many_failures.bind(1, int64_t(dmarc_failures_kept_max)).run();
  }

  // Looks through all reports, and so takes enough out that the next ones need not.
  Result<void> forget_oldest() {
    if (!room_at_most) TRY_VOID(count_room());
    if (*room_at_most <= int64_t(dmarc_room_max)) return {};
    TRY(Statement many,
        database.prepare("DELETE FROM reports WHERE number IN (SELECT number FROM (SELECT "
                         "number, sum(room) OVER (ORDER BY end_at DESC, number DESC) AS "
                         "so_far FROM reports) WHERE so_far > ?)"));
    TRY_VOID(many.bind(1, int64_t(dmarc_room_max / 20 * 19)).run());
    return count_room();
  }
};

DmarcStore::DmarcStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DmarcStore::~DmarcStore() = default;

Result<std::unique_ptr<DmarcStore>> DmarcStore::open(const std::string& path,
                                                     std::chrono::seconds keep) {
  TRY(Database database, Database::open(path, {.file_mode = 0640, .folder_mode = 0750}));
  TRY_VOID(database.migrate(migrations));
  return std::unique_ptr<DmarcStore>(
      new DmarcStore(std::make_unique<Impl>(Impl{std::move(database), keep.count()})));
}

Result<std::unique_ptr<DmarcStore>> DmarcStore::open_read_only(const std::string& path) {
  TRY(Database database, Database::open_read_only(path));
  TRY(const int64_t version, database.schema_version());
  if (version > int64_t(migrations.size()))
    return failure(ErrorCode::invalid_input, path + " was written by a newer Waypost");
  if (version == 0) return failure(ErrorCode::not_found, path + " has no tables yet");
  return std::unique_ptr<DmarcStore>(
      new DmarcStore(std::make_unique<Impl>(Impl{std::move(database)})));
}

Result<DmarcKeeping> DmarcStore::keep(const DmarcReport& report, WallTime now) {
  const int64_t seconds = seconds_of(now);
  TRY_VOID(check_times(report, seconds));
  if (report.end < seconds - impl_->seconds_kept) return DmarcKeeping::too_old;
  auto keeping = impl_->keep(report, seconds);
  if (!keeping) return failure(std::move(keeping).error().while_doing("keeping a DMARC report"));
  return keeping;
}

Result<DmarcKeeping> DmarcStore::keep(const FeedbackReport& report, WallTime now) {
  auto keeping = impl_->keep(report, seconds_of(now));
  if (!keeping) return failure(std::move(keeping).error().while_doing("keeping a failure report"));
  return keeping;
}

Result<void> DmarcStore::visit(WallTime since,
                               const std::function<void(const DmarcReport&)>& take) {
  TRY(Statement reports,
      impl_->database.prepare("SELECT number, organisation, report_id, domain, email, begin_at, "
                              "end_at, policy, subdomain_policy, testing, cut_off FROM reports "
                              "WHERE end_at >= ? ORDER BY end_at, number"));
  TRY(Statement rows, impl_->database.prepare(
                          "SELECT source, count, disposition, dkim, spf, overrides, header_from, "
                          "envelope_from, signatures, spf_domain, spf_result FROM rows "
                          "WHERE report = ? ORDER BY place"));
  reports.bind(1, seconds_of(since));
  while (true) {
    TRY(const bool is_one, reports.step());
    if (!is_one) return {};
    DmarcReport report = report_of(reports);
    rows.bind(1, reports.integer(0));
    while (true) {
      TRY(const bool is_row, rows.step());
      if (!is_row) break;
      report.rows.push_back(row_of(rows));
    }
    rows.reset();
    take(report);
  }
}

Result<void> DmarcStore::visit_failures(WallTime since,
                                        const std::function<void(const FeedbackReport&)>& take) {
  TRY(Statement failures,
      impl_->database.prepare("SELECT reporter, source, domain, sender, arrived, message_id, "
                              "auth_failure, alignment, delivery, incidents FROM failures "
                              "WHERE kept_at >= ? ORDER BY number"));
  failures.bind(1, seconds_of(since));
  while (true) {
    TRY(const bool is_one, failures.step());
    if (!is_one) return {};
    take(failure_of(failures));
  }
}

}  // namespace waypost::records
