#include "records/sent_requests.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "records/sqlite.h"

namespace waypost::records {
namespace {

constexpr std::array<const char*, 1> migrations{
    "CREATE TABLE requests ("
    "  login TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  digest TEXT NOT NULL,"
    "  message BLOB NOT NULL CHECK (length(message) = 16),"
    "  at INTEGER NOT NULL,"  // microseconds since 1970, UTC
    "  answer TEXT,"          // NULL while it is not known
    "  PRIMARY KEY (login, name)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX requests_by_time ON requests (at);"
    "CREATE INDEX requests_without_answer ON requests (at) WHERE answer IS NULL"};

MessageId message_of(std::string_view octets) {
  std::array<uint8_t, MessageId::octets> raw{};
  std::copy_n(octets.begin(), std::min(octets.size(), raw.size()), raw.begin());
  return MessageId::from_octets(raw);
}

// login, name, digest, message, at
SentRequest request_of(const Statement& row) {
  return {std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
          message_of(row.text(3)), WallTime(std::chrono::microseconds(row.integer(4)))};
}

}  // namespace

struct SentRequests::Impl {
  Database database;
  Statement insert;
  Statement find;
  Statement answer;
  Statement remove;
  Statement forget;
  uint64_t of_login_max;
  uint64_t count = 0;
  std::map<std::string, uint64_t, std::less<>> of_login = {};

  void add(std::string_view login, uint64_t rows) {
    count += rows;
    of_login[std::string(login)] += rows;
  }
  void take_away(std::string_view login, uint64_t rows) {
    count -= rows;
    const auto found = of_login.find(login);
    if (found == of_login.end()) return;
    found->second -= std::min(found->second, rows);
    if (found->second == 0) of_login.erase(found);
  }
  Result<Claim> look_up(const SentRequest& request);
};

SentRequests::SentRequests(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SentRequests::~SentRequests() = default;

Result<std::unique_ptr<SentRequests>> SentRequests::open(const std::string& path,
                                                         uint64_t of_login_max) {
  TRY(Database database, Database::open(path));
  TRY_VOID(database.migrate(migrations));
  TRY(Statement insert, database.prepare("INSERT INTO requests (login, name, digest, message, at) "
                                         "VALUES (?, ?, ?, ?, ?)"));
  TRY(Statement find, database.prepare("SELECT login, name, digest, message, at, answer "
                                       "FROM requests WHERE login = ? AND name = ?"));
  TRY(Statement answer, database.prepare("UPDATE requests SET answer = ? "
                                         "WHERE login = ? AND name = ? AND message = ?"));
  TRY(Statement remove, database.prepare("DELETE FROM requests WHERE login = ? AND name = ?"));
  TRY(Statement forget, database.prepare("DELETE FROM requests WHERE at < ? RETURNING login"));
  TRY(Statement count, database.prepare("SELECT login, count(*) FROM requests GROUP BY login"));
  auto impl = std::make_unique<Impl>(Impl{std::move(database), std::move(insert), std::move(find),
                                          std::move(answer), std::move(remove), std::move(forget),
                                          of_login_max});
  TRY(bool row, count.step());
  while (row) {
    impl->add(count.text(0), static_cast<uint64_t>(count.integer(1)));
    TRY(row, count.step());
  }
  count.reset();
  return std::unique_ptr<SentRequests>(new SentRequests(std::move(impl)));
}

// Nobody has the name: a claim whose request has none.
Result<SentRequests::Claim> SentRequests::Impl::look_up(const SentRequest& request) {
  Result<bool> found = find.bind(1, request.login).bind(2, request.name).step();
  Claim claim;
  if (found && *found) {
    claim.request = request_of(find);
    claim.answer = find.text(5);
  }
  find.reset();
  if (!found) return failure(std::move(found).error());
  return claim;
}

// A repetition gets its answer also when there is no room for more.
Result<SentRequests::Claim> SentRequests::claim(const SentRequest& request) {
  TRY(Claim known, impl_->look_up(request));
  if (!known.request.name.empty()) return known;
  if (impl_->count >= sent_requests_max)
    return Claim{request, false, {}, "Too many requests with an Idempotency-Key within a day"};
  const auto of_login = impl_->of_login.find(request.login);
  if (of_login != impl_->of_login.end() && of_login->second >= impl_->of_login_max)
    return Claim{request,
                 false,
                 {},
                 "This login has too many requests with an Idempotency-Key within a day"};
  Statement& insert = impl_->insert;
  insert.bind(1, request.login).bind(2, request.name).bind(3, request.digest);
  insert.bind_blob(4, request.message.raw()).bind(5, request.at.time_since_epoch().count());
  TRY_VOID(insert.run());
  impl_->add(request.login, 1);
  return Claim{request, true, {}, {}};
}

Result<void> SentRequests::answer(const SentRequest& request, std::string_view answer) {
  Statement& update = impl_->answer;
  update.bind(1, answer).bind(2, request.login).bind(3, request.name);
  return update.bind_blob(4, request.message.raw()).run();
}

Result<void> SentRequests::release(const SentRequest& request) {
  TRY_VOID(impl_->remove.bind(1, request.login).bind(2, request.name).run());
  impl_->take_away(request.login, static_cast<uint64_t>(impl_->database.changed_rows()));
  return {};
}

Result<void> SentRequests::settle(const std::function<bool(const MessageId&)>& was_stored,
                                  const std::function<std::string(const SentRequest&)>& answer_of) {
  std::vector<SentRequest> open;
  TRY(Statement select, impl_->database.prepare("SELECT login, name, digest, message, at "
                                                "FROM requests WHERE answer IS NULL"));
  TRY(bool row, select.step());
  while (row) {
    open.push_back(request_of(select));
    TRY(row, select.step());
  }
  select.reset();
  for (const SentRequest& request : open) {
    if (was_stored(request.message)) {
      TRY_VOID(answer(request, answer_of(request)));
    } else {
      TRY_VOID(release(request));
    }
  }
  return {};
}

Result<void> SentRequests::forget(WallTime time) {
  Statement& forget = impl_->forget;
  Result<bool> row = forget.bind(1, time.time_since_epoch().count()).step();
  for (; row && *row; row = forget.step()) impl_->take_away(forget.text(0), 1);
  forget.reset();
  if (!row) return failure(std::move(row).error());
  return {};
}

}  // namespace waypost::records
