#include "records/sent_requests.h"

#include <algorithm>
#include <array>
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
  uint64_t count = 0;
};

SentRequests::SentRequests(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SentRequests::~SentRequests() = default;

Result<std::unique_ptr<SentRequests>> SentRequests::open(const std::string& path) {
  TRY(Database database, Database::open(path));
  TRY_VOID(database.migrate(migrations));
  TRY(Statement insert, database.prepare("INSERT INTO requests (login, name, digest, message, at) "
                                         "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"));
  TRY(Statement find, database.prepare("SELECT login, name, digest, message, at, answer "
                                       "FROM requests WHERE login = ? AND name = ?"));
  TRY(Statement answer,
      database.prepare("UPDATE requests SET answer = ? "
                       "WHERE login = ? AND name = ? AND message = ?"));
  TRY(Statement remove, database.prepare("DELETE FROM requests WHERE login = ? AND name = ?"));
  TRY(Statement forget, database.prepare("DELETE FROM requests WHERE at < ?"));
  TRY(Statement count, database.prepare("SELECT count(*) FROM requests"));
  TRY([[maybe_unused]] bool counted, count.step());
  const auto rows = static_cast<uint64_t>(count.integer(0));
  count.reset();
  return std::unique_ptr<SentRequests>(new SentRequests(
      std::make_unique<Impl>(Impl{std::move(database), std::move(insert), std::move(find),
                                  std::move(answer), std::move(remove), std::move(forget), rows})));
}

Result<SentRequests::Claim> SentRequests::claim(const SentRequest& request) {
  if (impl_->count >= sent_requests_max)
    return failure(ErrorCode::resource_exhausted, "too many named requests are remembered");
  Statement& insert = impl_->insert;
  insert.bind(1, request.login).bind(2, request.name).bind(3, request.digest);
  insert.bind_blob(4, request.message.raw()).bind(5, request.at.time_since_epoch().count());
  TRY_VOID(insert.run());
  if (impl_->database.changed_rows() == 1) {
    ++impl_->count;
    return Claim{request, true, {}};
  }
  Statement& find = impl_->find;
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

Result<void> SentRequests::answer(const SentRequest& request, std::string_view answer) {
  Statement& update = impl_->answer;
  update.bind(1, answer).bind(2, request.login).bind(3, request.name);
  return update.bind_blob(4, request.message.raw()).run();
}

Result<void> SentRequests::release(const SentRequest& request) {
  TRY_VOID(impl_->remove.bind(1, request.login).bind(2, request.name).run());
  impl_->count -= static_cast<uint64_t>(impl_->database.changed_rows());
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
  TRY_VOID(impl_->forget.bind(1, time.time_since_epoch().count()).run());
  impl_->count -= static_cast<uint64_t>(impl_->database.changed_rows());
  return {};
}

}  // namespace waypost::records
