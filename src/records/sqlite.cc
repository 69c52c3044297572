#include "records/sqlite.h"

#include <algorithm>

#include <fmt/format.h>
#include <sqlite3.h>

#include "base/ascii.h"
#include "base/check.h"
#include "io/disk.h"

namespace waypost::records {
namespace {

constexpr int busy_milliseconds_max = 5000;

// Nobody asks SQLite how much memory it has, and counting it takes a lock for each allocation. It
// can be said before the first use only.
void stop_counting_memory() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);
}

ErrorCode code_for(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::timed_out;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return ErrorCode::permission_denied;
    case SQLITE_NOMEM:
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
      return ErrorCode::resource_exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
      return ErrorCode::corrupt;
    case SQLITE_CONSTRAINT:
      return ErrorCode::already_exists;
    default:
      return ErrorCode::io_failure;
  }
}

Error failure_of(sqlite3* handle, int sqlite_code) {
  std::string message = fmt::format("SQLite: {}", sqlite3_errstr(sqlite_code));
  if (handle && sqlite3_errcode(handle) != SQLITE_OK)
    message = fmt::format("SQLite: {}", sqlite3_errmsg(handle));
  return {code_for(sqlite_code), std::move(message), handle ? sqlite3_system_errno(handle) : 0};
}

// SQLite would make the file with the mode that the umask leaves, and its -wal and -shm files take
// the mode of the file. An existing file is not touched: closing a descriptor of it would drop the
// locks that this process may hold on it.
Result<void> make_file(const std::string& path, const DatabaseOptions& options) {
  std::unique_ptr<io::Disk> disk = io::make_system_disk();
  std::string folder = path.substr(0, std::min(path.rfind('/'), path.size()));
  if (folder != path && !folder.empty() && !disk->exists(folder))
    TRY_VOID(disk->make_folders(folder, options.folder_mode));
  if (!disk->exists(path)) TRY_VOID(disk->open_append(path, options.file_mode));
  return {};
}

// "file:" and the path with all escaped that means something in a URI.
std::string uri_of(const std::string& path, std::string_view parameters) {
  std::string uri = "file:";
  for (char c : path) {
    if (base::is_alnum(c) || c == '/' || c == '.' || c == '-' || c == '_')
      uri += c;
    else
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri + "?" + std::string(parameters);
}

Error opening(Error error, const std::string& path) {
  return std::move(error).while_doing("opening the database " + path);
}

}  // namespace

// `name` is the path or a URI for it.
Result<Database> Database::open_handle(const std::string& path, const std::string& name,
                                       int flags) {
  stop_counting_memory();
  sqlite3* handle = nullptr;
  int opened = sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle, path);
  if (opened != SQLITE_OK) return failure(failure_of(handle, opened));
  database.set_safe_defaults();
  return database;
}

Result<Database> Database::open(const std::string& path, DatabaseOptions options) {
  auto open = [&]() -> Result<Database> {
    TRY_VOID(make_file(path, options));
    TRY(Database database, open_handle(path, path, SQLITE_OPEN_READWRITE));
    TRY_VOID(database.start_write_ahead_log());
    TRY_VOID(database.execute(options.sync_every_commit ? "PRAGMA synchronous = FULL"
                                                        : "PRAGMA synchronous = NORMAL"));
    return database;
  };
  Result<Database> database = open();
  if (!database) return failure(opening(std::move(database).error(), path));
  return database;
}

Result<Database> Database::open_read_only(const std::string& path) {
  auto open = [&](const std::string& name, int flags) -> Result<Database> {
    TRY(Database database, open_handle(path, name, SQLITE_OPEN_READONLY | flags));
    TRY_VOID(database.schema_version());  // opens the file in earnest
    return database;
  };
  std::unique_ptr<io::Disk> disk = io::make_system_disk();
  if (!disk->exists(path)) return failure(ErrorCode::not_found, "there is no " + path);
  Result<Database> database = open(path, 0);
  // A reader that may not write to the folder cannot make the index of the write-ahead log. Where
  // there is no such log nobody writes, and the file may be read as it is.
  if (!database && !disk->exists(path + "-wal"))
    database = open(uri_of(path, "immutable=1"), SQLITE_OPEN_URI);
  if (!database) return failure(opening(std::move(database).error(), path));
  return database;
}

void Database::set_safe_defaults() {
  sqlite3_extended_result_codes(handle_.get(), 1);
  sqlite3_busy_timeout(handle_.get(), busy_milliseconds_max);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
}

Result<void> Database::start_write_ahead_log() {
  TRY(Statement mode, prepare("PRAGMA journal_mode = WAL"));
  TRY(bool answered, mode.step());
  if (!answered || mode.text(0) != "wal")
    return failure(ErrorCode::io_failure, "SQLite cannot use a write-ahead log here");
  return {};
}

Result<void> Database::execute(const std::string& sql) {
  int code = sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(failure_of(handle_.get(), code));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  int code = sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(failure_of(handle_.get(), code));
  return Statement(statement);
}

int64_t Database::changed_rows() const { return sqlite3_changes64(handle_.get()); }

int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_.get()); }

Result<int64_t> Database::schema_version() {
  TRY(Statement version, prepare("PRAGMA user_version"));
  TRY(bool found, version.step());
  return found ? version.integer(0) : 0;
}

Result<void> Database::migrate(std::span<const char* const> migrations) {
  TRY(int64_t version, schema_version());
  auto newest = static_cast<int64_t>(migrations.size());
  if (version < 0 || version > newest)
    return failure(
        ErrorCode::invalid_input,
        fmt::format("{} has schema version {}, and this Waypost knows versions up to {}: "
                    "a newer Waypost wrote it, so use that one or restore a backup",
                    path_, version, newest));
  for (; version < newest; ++version)
    TRY_VOID(apply(version, migrations[static_cast<size_t>(version)]));
  return {};
}

Result<void> Database::apply(int64_t version, const char* migration) {
  TRY(Transaction transaction, Transaction::begin(*this));
  // Another process may have done it while this one waited for the lock.
  TRY(int64_t now_at, schema_version());
  if (now_at != version) return {};
  TRY_VOID(execute(migration));
  TRY_VOID(execute(fmt::format("PRAGMA user_version = {}", version + 1)));
  return transaction.commit();
}

void Database::Closer::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

Statement& Statement::note(int code) {
  if (code != SQLITE_OK) bind_failure_ = code;
  return *this;
}

// Empty views may point nowhere, which SQLite would take for NULL.
Statement& Statement::bind(int index, std::string_view text) {
  return note(sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "",
                                  text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}

Statement& Statement::lend(int index, std::string_view text) {
  return note(sqlite3_bind_text64(statement_.get(), index, text.data() ? text.data() : "",
                                  text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

Statement& Statement::bind(int index, int64_t number) {
  return note(sqlite3_bind_int64(statement_.get(), index, number));
}

Statement& Statement::bind_blob(int index, std::string_view octets) {
  return note(sqlite3_bind_blob64(statement_.get(), index, octets.data() ? octets.data() : "",
                                  octets.size(), SQLITE_TRANSIENT));
}

Statement& Statement::lend_blob(int index, std::string_view octets) {
  return note(sqlite3_bind_blob64(statement_.get(), index, octets.data() ? octets.data() : "",
                                  octets.size(), SQLITE_STATIC));
}

Result<bool> Statement::step() {
  const bool was_bound = bind_failure_ == SQLITE_OK;
  const int code = was_bound ? sqlite3_step(statement_.get()) : bind_failure_;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  Error error = failure_of(was_bound ? sqlite3_db_handle(statement_.get()) : nullptr, code);
  reset();  // or SQLite would refuse to bind it again
  return failure(std::move(error));
}

Result<void> Statement::run() {
  Result<bool> done = step();
  reset();
  if (!done) return failure(std::move(done).error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  bind_failure_ = SQLITE_OK;
}

std::string_view Statement::text(int column) const {
  const void* octets = sqlite3_column_blob(statement_.get(), column);
  int count = sqlite3_column_bytes(statement_.get(), column);
  return {static_cast<const char*>(octets), octets ? static_cast<size_t>(count) : 0};
}

int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::optional<int64_t> Statement::optional_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Transaction> Transaction::begin(Database& database) {
  TRY_VOID(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Result<void> Transaction::commit() {
  CHECK(database_);
  Result<void> committed = database_->execute("COMMIT");
  if (committed) database_ = nullptr;
  return committed;
}

Transaction::~Transaction() {
  // A failure here means that SQLite has already rolled back.
  if (database_) (void)database_->execute("ROLLBACK");
}

}  // namespace waypost::records
