#include "records/admins.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>
#include <openssl/crypto.h>

#include "base/ascii.h"
#include "records/sqlite.h"
#include "sasl/scram.h"

namespace waypost::records {
namespace {

constexpr size_t name_octets_max = 64;
constexpr size_t salt_octets = 16;
// What OWASP asks for of PBKDF2 with SHA-256 (2023). Kept beside each password, so that it can
// grow.
constexpr unsigned iterations = 600'000;

constexpr std::array<const char*, 1> migrations{
    "CREATE TABLE admins ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  salt BLOB NOT NULL,"
    "  iterations INTEGER NOT NULL,"
    "  stored_key BLOB NOT NULL CHECK (length(stored_key) = 32),"
    "  changed_at INTEGER NOT NULL"  // microseconds since 1970, UTC
    ") STRICT, WITHOUT ROWID"};

Result<void> check_name(std::string_view name) {
  const auto is_allowed = [](char c) {
    return base::is_alnum(c) || std::string_view("._@-").find(c) != std::string_view::npos;
  };
  if (!name.empty() && name.size() <= name_octets_max &&
      std::all_of(name.begin(), name.end(), is_allowed))
    return {};
  return failure(
      ErrorCode::invalid_input,
      fmt::format("\"{}\" cannot be the name of an admin: 1 to {} of the characters "
                  "A-Z a-z 0-9 . _ @ - are allowed",
                  base::escape_control(name.substr(0, name_octets_max)), name_octets_max));
}

Result<void> check_password(const Secret& password) {
  const std::string_view text = password.reveal();
  // What continues a character of UTF-8 is none of its own.
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  if (size_t(characters) < admin_password_characters_min)
    return failure(ErrorCode::invalid_input,
                   fmt::format("the password is too short: it needs {} characters, and some words "
                               "in a row make a good one",
                               admin_password_characters_min));
  if (password.reveal().size() > admin_password_octets_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("the password is longer than {} octets", admin_password_octets_max));
  return {};
}

// name, salt, changed_at
Admin admin_of(const Statement& row) {
  return {std::string(row.text(0)), std::string(row.text(1)),
          WallTime(std::chrono::microseconds(row.integer(2)))};
}

}  // namespace

struct Admins::Impl {
  Database database;
  Statement set;
  Statement find;
  Statement list;
  Statement remove;
};

Admins::Admins(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Admins::~Admins() = default;

Result<std::unique_ptr<Admins>> Admins::open(const std::string& path) {
  TRY(Database database, Database::open(path));
  TRY_VOID(database.migrate(migrations));
  TRY(Statement set, database.prepare("INSERT OR REPLACE INTO admins (name, salt, iterations, "
                                      "stored_key, changed_at) VALUES (?, ?, ?, ?, ?)"));
  TRY(Statement find, database.prepare("SELECT name, salt, changed_at, iterations, stored_key "
                                       "FROM admins WHERE name = ?"));
  TRY(Statement list, database.prepare("SELECT name, salt, changed_at FROM admins ORDER BY name"));
  TRY(Statement remove, database.prepare("DELETE FROM admins WHERE name = ?"));
  return std::unique_ptr<Admins>(new Admins(std::make_unique<Impl>(Impl{
      std::move(database), std::move(set), std::move(find), std::move(list), std::move(remove)})));
}

Result<void> Admins::set_password(std::string_view name, const Secret& password, WallTime now,
                                  io::Rng& rng) {
  TRY_VOID(check_name(name));
  TRY_VOID(check_password(password));
  std::array<uint8_t, salt_octets> random;
  rng.fill(random);
  const std::string salt(random.begin(), random.end());
  TRY(const sasl::ScramVerifier verifier, sasl::make_scram_verifier(password, salt, iterations));
  Statement& set = impl_->set;
  set.bind(1, name).bind_blob(2, salt).bind(3, int64_t{iterations});
  set.bind_blob(4, verifier.stored_key).bind(5, now.time_since_epoch().count());
  Result<void> done = set.run();
  if (!done) return failure(std::move(done).error().while_doing("keeping a password"));
  return {};
}

Result<std::optional<Admin>> Admins::check(std::string_view name, const Secret& password) {
  Statement& find = impl_->find;
  std::optional<Admin> admin;
  // Nobody's: the same work, and nothing fits it.
  sasl::ScramVerifier kept;
  kept.salt = std::string(salt_octets, '\0');
  kept.iterations = iterations;
  Result<bool> found = find.bind(1, name).step();
  if (found && *found) {
    admin = admin_of(find);
    kept.salt = admin->revision;
    kept.iterations = static_cast<unsigned>(find.integer(3));
    kept.stored_key = find.text(4);
  }
  find.reset();
  if (!found) return failure(std::move(found).error().while_doing("checking a password"));
  if (password.reveal().size() > admin_password_octets_max) return std::nullopt;
  auto given = sasl::make_scram_verifier(password, kept.salt, kept.iterations);
  // What SASLprep refuses nobody can have as a password.
  if (!given || given->stored_key.size() != kept.stored_key.size() ||
      CRYPTO_memcmp(given->stored_key.data(), kept.stored_key.data(), kept.stored_key.size()) != 0)
    return std::nullopt;
  return admin;
}

Result<std::optional<Admin>> Admins::find(std::string_view name) {
  Statement& find = impl_->find;
  std::optional<Admin> admin;
  Result<bool> found = find.bind(1, name).step();
  if (found && *found) admin = admin_of(find);
  find.reset();
  if (!found) return failure(std::move(found).error().while_doing("looking for an admin"));
  return admin;
}

Result<std::vector<Admin>> Admins::list() {
  std::vector<Admin> all;
  Result<bool> row = impl_->list.step();
  for (; row && *row; row = impl_->list.step()) all.push_back(admin_of(impl_->list));
  impl_->list.reset();
  if (!row) return failure(std::move(row).error().while_doing("listing the admins"));
  return all;
}

Result<void> Admins::remove(std::string_view name) {
  TRY_VOID(impl_->remove.bind(1, name).run());
  if (impl_->database.changed_rows() == 0)
    return failure(ErrorCode::not_found,
                   fmt::format("there is no admin named \"{}\"", base::escape_control(name)));
  return {};
}

}  // namespace waypost::records
