#include "records/suppressions.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "records/sqlite.h"

namespace waypost::records {
namespace {

constexpr std::array<std::string_view, 3> scope_names{"all", "stream", "sender-domain"};

constexpr std::array<const char*, 1> migrations{
    "CREATE TABLE suppressions ("
    "  key TEXT NOT NULL,"
    "  scope TEXT NOT NULL,"  // "all", "stream:NAME", "sender-domain:NAME"
    "  address TEXT NOT NULL,"
    "  domain TEXT NOT NULL,"
    "  reason TEXT NOT NULL,"
    "  message TEXT NOT NULL,"
    "  evidence BLOB NOT NULL,"
    "  since INTEGER NOT NULL,"  // microseconds since 1970, UTC
    "  expires INTEGER,"
    "  who TEXT NOT NULL,"
    "  PRIMARY KEY (key, scope)"
    ") STRICT, WITHOUT ROWID"};

constexpr std::string_view columns =
    "key, scope, address, reason, message, evidence, since, expires, who";

int64_t stored(WallTime time) { return time.time_since_epoch().count(); }
WallTime from_stored(int64_t microseconds) {
  return WallTime(std::chrono::microseconds(microseconds));
}

std::string stored_scope(SuppressionScope scope, std::string_view scope_name) {
  std::string text(name(scope));
  if (scope != SuppressionScope::all_mail) text.append(":").append(scope_name);
  return text;
}

std::string_view domain_of(std::string_view key) {
  const size_t at = key.rfind('@');
  return at == std::string_view::npos ? std::string_view() : key.substr(at + 1);
}

// From a row of `columns`.
Suppression suppression_of(const Statement& row) {
  Suppression entry;
  entry.key = row.text(0);
  std::string_view scope = row.text(1);
  const size_t colon = std::min(scope.find(':'), scope.size());
  entry.scope = parse_suppression_scope(scope.substr(0, colon)).value_or(entry.scope);
  entry.scope_name = scope.substr(std::min(colon + 1, scope.size()));
  entry.address = row.text(2);
  entry.reason = row.text(3);
  entry.message = row.text(4);
  entry.evidence = row.text(5);
  entry.since = from_stored(row.integer(6));
  if (std::optional<int64_t> expires = row.optional_integer(7))
    entry.expires = from_stored(*expires);
  entry.who = row.text(8);
  return entry;
}

Result<std::vector<Suppression>> all_of(Statement& select, const char* doing) {
  std::vector<Suppression> entries;
  Result<bool> row = select.step();
  for (; row && *row; row = select.step()) entries.push_back(suppression_of(select));
  select.reset();
  if (!row) return failure(std::move(row).error().while_doing(doing));
  return entries;
}

}  // namespace

std::string_view name(SuppressionScope scope) { return scope_names[size_t(scope)]; }

std::optional<SuppressionScope> parse_suppression_scope(std::string_view name) {
  for (size_t i = 0; i < scope_names.size(); ++i)
    if (scope_names[i] == name) return SuppressionScope(i);
  return std::nullopt;
}

SuppressionPlace place_of(const Suppression& entry) {
  return {entry.key, stored_scope(entry.scope, entry.scope_name)};
}

struct Suppressions::Impl {
  Database database;
  Statement insert;
  Statement find;
  Statement remove;
  Statement remove_scope;
  Statement list;
  Statement visit;
  Statement count;

  Result<Addition> add(const Suppression& entry, WallTime now, bool replace);
};

Suppressions::Suppressions(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Suppressions::~Suppressions() = default;

Result<std::unique_ptr<Suppressions>> Suppressions::open(const std::string& path) {
  TRY(Database database, Database::open(path));
  TRY_VOID(database.migrate(migrations));
  const auto returning = [](std::string_view sql) {
    return fmt::format("{} RETURNING {}", sql, columns);
  };
  TRY(Statement insert,
      database.prepare(
          "INSERT INTO suppressions (key, scope, address, domain, reason, message, evidence, "
          "since, expires, who) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
          "ON CONFLICT DO UPDATE SET address = excluded.address, reason = excluded.reason, "
          "message = excluded.message, evidence = excluded.evidence, since = excluded.since, "
          "expires = excluded.expires, who = excluded.who "
          "WHERE ?11 OR suppressions.expires <= ?12 OR (suppressions.expires IS NOT NULL "
          "AND (excluded.expires IS NULL OR excluded.expires > suppressions.expires))"));
  TRY(Statement find, database.prepare(fmt::format(
                          "SELECT {} FROM suppressions WHERE key = ? ORDER BY scope", columns)));
  TRY(Statement remove, database.prepare(returning("DELETE FROM suppressions WHERE key = ?")));
  TRY(Statement remove_scope,
      database.prepare(returning("DELETE FROM suppressions WHERE key = ? AND scope = ?")));
  TRY(Statement list,
      database.prepare(fmt::format("SELECT {} FROM suppressions WHERE (key, scope) > (?1, ?2) "
                                   "AND (?3 = '' OR reason = ?3) AND (?4 = '' OR domain = ?4) "
                                   "AND since >= ?5 ORDER BY key, scope LIMIT ?6",
                                   columns)));
  TRY(Statement visit, database.prepare(fmt::format("SELECT {} FROM suppressions", columns)));
  TRY(Statement count, database.prepare("SELECT count(*) FROM suppressions"));
  return std::unique_ptr<Suppressions>(new Suppressions(std::make_unique<Impl>(
      Impl{std::move(database), std::move(insert), std::move(find), std::move(remove),
           std::move(remove_scope), std::move(list), std::move(visit), std::move(count)})));
}

Result<Addition> Suppressions::Impl::add(const Suppression& entry, WallTime now, bool replace) {
  const std::string scope = stored_scope(entry.scope, entry.scope_name);
  insert.bind(1, entry.key).bind(2, scope).bind(3, entry.address).bind(4, domain_of(entry.key));
  insert.bind(5, entry.reason).bind(6, entry.message);
  insert.bind_blob(7, std::string_view(entry.evidence).substr(0, suppression_evidence_octets_max));
  insert.bind(8, stored(entry.since));
  if (entry.expires) insert.bind(9, stored(*entry.expires));
  insert.bind(10, entry.who).bind(11, int64_t{replace}).bind(12, stored(now));
  TRY_VOID(insert.run());
  return database.changed_rows() > 0 ? Addition::added : Addition::unchanged;
}

Result<std::vector<Addition>> Suppressions::add(std::span<const Suppression> entries, WallTime now,
                                                bool replace) {
  auto failed = [](Error error) {
    return failure(std::move(error).while_doing("adding to the suppressed addresses"));
  };
  Result<Transaction> transaction = Transaction::begin(impl_->database);
  if (!transaction) return failed(std::move(transaction).error());
  std::vector<Addition> done;
  done.reserve(entries.size());
  for (const Suppression& entry : entries) {
    Result<Addition> added = impl_->add(entry, now, replace);
    if (!added) return failed(std::move(added).error());
    done.push_back(*added);
  }
  Result<void> committed = transaction->commit();
  if (!committed) return failed(std::move(committed).error());
  return done;
}

Result<std::vector<Suppression>> Suppressions::remove(
    std::string_view key, const std::optional<std::pair<SuppressionScope, std::string>>& scope) {
  constexpr const char* doing = "removing a suppressed address";
  if (!scope) return all_of(impl_->remove.bind(1, key), doing);
  const std::string text = stored_scope(scope->first, scope->second);
  return all_of(impl_->remove_scope.bind(1, key).bind(2, text), doing);
}

Result<std::vector<Suppression>> Suppressions::find(std::string_view key) {
  return all_of(impl_->find.bind(1, key), "looking up a suppressed address");
}

Result<std::vector<Suppression>> Suppressions::list(const SuppressionFilter& filter,
                                                    const std::optional<SuppressionPlace>& after,
                                                    uint64_t limit) {
  Statement& list = impl_->list;
  list.bind(1, after ? after->key : "").bind(2, after ? after->scope : "");
  list.bind(3, filter.reason).bind(4, filter.domain);
  list.bind(5, filter.since ? stored(*filter.since) : INT64_MIN);
  list.bind(6, int64_t(std::min<uint64_t>(limit, INT64_MAX)));
  return all_of(list, "listing the suppressed addresses");
}

Result<void> Suppressions::visit(const std::function<void(const Suppression&)>& take) {
  Statement& visit = impl_->visit;
  Result<bool> row = visit.step();
  for (; row && *row; row = visit.step()) take(suppression_of(visit));
  visit.reset();
  if (!row) return failure(std::move(row).error().while_doing("reading the suppressed addresses"));
  return {};
}

Result<uint64_t> Suppressions::count() {
  Result<bool> row = impl_->count.step();
  const int64_t found = row && *row ? impl_->count.integer(0) : 0;
  impl_->count.reset();
  if (!row) return failure(std::move(row).error().while_doing("counting suppressed addresses"));
  return uint64_t(found);
}

}  // namespace waypost::records
