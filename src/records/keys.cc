#include "records/keys.h"

#include <algorithm>
#include <array>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/ascii.h"
#include "base/secret.h"
#include "records/sqlite.h"
#include "smtp/address.h"
#include "smtp/limits.h"

namespace waypost::records {
namespace {

constexpr size_t name_octets_max = 64;
constexpr size_t secret_random_octets = 24;
// 62^33 is the first power of 62 over 2^192.
constexpr size_t secret_digits = 33;
constexpr std::string_view secret_prefix = "wp_";

constexpr std::array<const char*, 4> migrations{
    "CREATE TABLE keys ("
    "  name TEXT PRIMARY KEY NOT NULL,"
    "  tenant TEXT NOT NULL,"
    "  stream TEXT NOT NULL,"
    "  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),"
    "  created_at INTEGER NOT NULL,"  // microseconds since 1970, UTC
    "  revoked_at INTEGER"
    ") STRICT, WITHOUT ROWID",
    // A space between them; NULL is any, as it was before.
    "ALTER TABLE keys ADD COLUMN sender_domains TEXT",

    // A salt is made from the name with the one salting key of this file. That key is no secret, so
    // SQLite's own generator is good enough for it.
    "ALTER TABLE keys ADD COLUMN scram_stored_key BLOB"
    "  CHECK (scram_stored_key IS NULL OR length(scram_stored_key) = 32);"
    "ALTER TABLE keys ADD COLUMN scram_server_key BLOB"
    "  CHECK (scram_server_key IS NULL OR length(scram_server_key) = 32);"
    "CREATE TABLE scram (salting_key BLOB NOT NULL CHECK (length(salting_key) = 32)) STRICT;"
    "INSERT INTO scram VALUES (randomblob(32))",

    // A space between them; NULL is what there was before: to send.
    "ALTER TABLE keys ADD COLUMN scopes TEXT;"
    "CREATE INDEX keys_by_secret ON keys (secret_hash)"};

constexpr std::string_view key_columns =
    "name, tenant, stream, created_at, revoked_at, scram_stored_key IS NOT NULL, sender_domains, "
    "scopes";

constexpr std::array<std::string_view, 3> scope_names{"send", "read", "admin"};

using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

// One round of SHA-256 without salt is enough: slow, salted hashes protect secrets that people
// choose, and this one is 192 bits from the system's generator. Nobody can try 2^192 values, no two
// keys share one, and a slow hash would only let strangers burn our processor with wrong logins.
Hash hash_of(std::string_view secret) {
  Hash hash;
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), hash.data());
  return hash;
}

std::string_view octets_of(const Hash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

// The octets as one big number in base 62, most significant digit first, always 33 digits.
std::string base62(std::array<uint8_t, secret_random_octets> number) {
  constexpr std::string_view alphabet =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string digits(secret_digits, '0');
  for (size_t i = digits.size(); i-- > 0;) {
    unsigned remainder = 0;
    for (uint8_t& octet : number) {
      unsigned value = remainder << 8 | octet;
      octet = static_cast<uint8_t>(value / alphabet.size());
      remainder = static_cast<unsigned>(value % alphabet.size());
    }
    digits[i] = alphabet[remainder];
  }
  return digits;
}

std::string new_secret(io::Rng& rng) {
  std::array<uint8_t, secret_random_octets> random;
  rng.fill(random);
  std::string secret = std::string(secret_prefix) + base62(random);
  OPENSSL_cleanse(random.data(), random.size());
  return secret;
}

constexpr std::string_view name_marks = "._@-";
constexpr std::string_view stream_marks = "._-";  // as [[stream]] has it

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

int64_t stored(WallTime time) { return time.time_since_epoch().count(); }
WallTime from_stored(int64_t microseconds) {
  return WallTime(std::chrono::microseconds(microseconds));
}

// From a row that begins with key_columns.
Key key_of(const Statement& row) {
  Key key;
  key.name = row.text(0);
  key.tenant = row.text(1);
  key.stream = base::to_lower(row.text(2));  // older ones stand there as they were said
  key.created_at = from_stored(row.integer(3));
  if (std::optional<int64_t> revoked_at = row.optional_integer(4))
    key.revoked_at = from_stored(*revoked_at);
  key.scram = row.integer(5) == 1;
  if (!row.is_null(6)) key.sender_domains = words_of(row.text(6));
  if (!row.is_null(7)) key.scopes.clear();
  for (const std::string& word : words_of(row.text(7)))
    if (Result<Scope> scope = parse_scope(word)) key.scopes.insert(*scope);
  return key;
}

Result<std::string> read_salting_key(Database& database) {
  TRY(Statement select, database.prepare("SELECT salting_key FROM scram"));
  TRY(bool found, select.step());
  if (found) return std::string(select.text(0));
  return failure(ErrorCode::corrupt, "the keys' database has lost its salting key");
}

}  // namespace

std::string_view name(Scope scope) { return scope_names[size_t(scope)]; }

Result<Scope> parse_scope(std::string_view name) {
  const auto found = std::find(scope_names.begin(), scope_names.end(), name);
  if (found == scope_names.end())
    return failure(ErrorCode::invalid_input, fmt::format("\"{}\" is no scope of a key: {} are",
                                                         base::escape_control(name.substr(0, 64)),
                                                         fmt::join(scope_names, ", ")));
  return Scope(found - scope_names.begin());
}

Result<void> check_key_word(std::string_view what, std::string_view word) {
  const std::string_view marks = what == "stream" ? stream_marks : name_marks;
  const auto is_allowed = [&](char c) {
    return base::is_alnum(c) || marks.find(c) != std::string_view::npos;
  };
  if (!word.empty() && word.size() <= name_octets_max &&
      std::all_of(word.begin(), word.end(), is_allowed))
    return {};
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" cannot be the {} of a key: 1 to {} of the characters A-Z a-z "
                             "0-9 {} are allowed",
                             base::escape_control(word.substr(0, name_octets_max)), what,
                             name_octets_max, fmt::join(marks, " ")));
}

Result<void> check_sender_domain(std::string_view domain) {
  std::string_view name = domain;
  if (name.starts_with("*.")) name.remove_prefix(2);
  const Result<std::string> parsed = smtp::parse_domain(name);
  if (parsed && *parsed == name && !name.starts_with('[')) return {};
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" is no domain that a key can send as: write it in lower case, "
                             "like example.com, or *.example.com for every name below it",
                             base::escape_control(domain.substr(0, smtp::domain_octets_max))));
}

struct Keys::Impl {
  Database database;
  Statement insert;
  Statement list;
  Statement revoke;
  Statement find;
  Statement find_by_secret;
  std::string salting_key;
};

Keys::Keys(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Keys::~Keys() = default;

Result<std::unique_ptr<Keys>> Keys::open(const std::string& path) {
  TRY(Database database, Database::open(path));
  TRY_VOID(database.migrate(migrations));
  TRY(Statement insert,
      database.prepare("INSERT INTO keys (name, tenant, stream, secret_hash, created_at, "
                       "scram_stored_key, scram_server_key, sender_domains, scopes) "
                       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  TRY(Statement list,
      database.prepare(fmt::format("SELECT {} FROM keys ORDER BY name", key_columns)));
  TRY(Statement revoke, database.prepare("UPDATE keys SET revoked_at = coalesce(revoked_at, ?) "
                                         "WHERE name = ?"));
  TRY(Statement find,
      database.prepare(fmt::format("SELECT {}, secret_hash, scram_stored_key, scram_server_key "
                                   "FROM keys WHERE name = ?",
                                   key_columns)));
  TRY(Statement find_by_secret,
      database.prepare(fmt::format("SELECT {} FROM keys WHERE secret_hash = ?", key_columns)));
  TRY(std::string salting_key, read_salting_key(database));
  return std::unique_ptr<Keys>(new Keys(std::make_unique<Impl>(
      Impl{std::move(database), std::move(insert), std::move(list), std::move(revoke),
           std::move(find), std::move(find_by_secret), std::move(salting_key)})));
}

Result<std::string> Keys::create(std::string_view name, std::string_view tenant,
                                 std::string_view stream, WallTime now, io::Rng& rng,
                                 std::optional<std::vector<std::string>> sender_domains,
                                 const std::set<Scope>& scopes) {
  TRY_VOID(check_key_word("name", name));
  TRY_VOID(check_key_word("tenant", tenant));
  TRY_VOID(check_key_word("stream", stream));
  if (sender_domains)
    for (const std::string& domain : *sender_domains) TRY_VOID(check_sender_domain(domain));
  std::string secret = new_secret(rng);
  Hash hash = hash_of(secret);
  TRY(const sasl::ScramVerifier verifier,
      sasl::make_scram_verifier(Secret(secret), sasl::scram_salt(impl_->salting_key, name)));
  Statement& insert = impl_->insert;
  const std::string lane = base::to_lower(stream);
  insert.bind(1, name).bind(2, tenant).bind(3, lane).bind_blob(4, octets_of(hash));
  insert.bind(5, stored(now)).bind_blob(6, verifier.stored_key).bind_blob(7, verifier.server_key);
  const std::string domains = sender_domains ? fmt::to_string(fmt::join(*sender_domains, " ")) : "";
  if (sender_domains) insert.bind(8, domains);
  std::vector<std::string_view> scope_words;
  for (Scope scope : scopes) scope_words.push_back(records::name(scope));
  insert.bind(9, fmt::to_string(fmt::join(scope_words, " ")));
  Result<void> created = insert.run();
  if (created) return secret;
  if (created.error().code() == ErrorCode::already_exists)
    return failure(ErrorCode::already_exists,
                   fmt::format("there is already a key named \"{}\" (a revoked key keeps its "
                               "name): choose another name",
                               name));
  return failure(std::move(created).error().while_doing("creating a key"));
}

Result<std::vector<Key>> Keys::list() {
  Statement& list = impl_->list;
  std::vector<Key> keys;
  Result<bool> row = list.step();
  for (; row && *row; row = list.step()) keys.push_back(key_of(list));
  list.reset();
  if (!row) return failure(std::move(row).error().while_doing("listing the keys"));
  return keys;
}

Result<void> Keys::revoke(std::string_view name, WallTime now) {
  TRY_VOID(check_key_word("name", name));
  Result<void> revoked = impl_->revoke.bind(1, stored(now)).bind(2, name).run();
  if (!revoked) return failure(std::move(revoked).error().while_doing("revoking a key"));
  if (impl_->database.changed_rows() == 0)
    return failure(ErrorCode::not_found, fmt::format("there is no key named \"{}\"", name));
  return {};
}

Result<std::optional<Key>> Keys::check(std::string_view name, std::string_view secret) {
  Statement& find = impl_->find;
  Hash given = hash_of(secret);
  Hash expected{};
  Key key;
  Result<bool> found = find.bind(1, name).step();
  if (found && *found) {
    key = key_of(find);
    std::string_view hash = find.text(8);
    std::copy_n(hash.begin(), std::min(hash.size(), expected.size()), expected.begin());
  }
  find.reset();
  if (!found) return failure(std::move(found).error().while_doing("checking a key"));
  bool same = CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0;
  if (!*found || key.revoked_at || !same) return std::nullopt;
  return key;
}

Result<std::optional<Key>> Keys::find(std::string_view secret) {
  Statement& find = impl_->find_by_secret;
  const Hash hash = hash_of(secret);
  std::optional<Key> key;
  Result<bool> found = find.bind_blob(1, octets_of(hash)).step();
  if (found && *found) key = key_of(find);
  find.reset();
  if (!found) return failure(std::move(found).error().while_doing("looking for a key"));
  if (key && key->revoked_at) key.reset();
  return key;
}

Result<bool> Keys::holds(std::string_view name) {
  Statement& find = impl_->find;
  Result<bool> found = find.bind(1, name).step();
  const bool is_revoked = found && *found && key_of(find).revoked_at;
  find.reset();
  if (!found) return failure(std::move(found).error().while_doing("looking at a key"));
  return *found && !is_revoked;
}

Result<ScramKey> Keys::look_up(std::string_view name) {
  Statement& find = impl_->find;
  ScramKey scram;
  scram.verifier.salt = sasl::scram_salt(impl_->salting_key, name);
  Result<bool> found = find.bind(1, name).step();
  if (found && *found) {
    Key key = key_of(find);
    if (key.scram && !key.revoked_at) {
      scram.verifier.stored_key = find.text(9);
      scram.verifier.server_key = find.text(10);
      scram.key = std::move(key);
    }
  }
  find.reset();
  if (!found) return failure(std::move(found).error().while_doing("looking up a key"));
  return scram;
}

}  // namespace waypost::records
