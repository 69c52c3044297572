#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite with our rules. For the files of this folder only; others use what is built on it.
namespace waypost::records {

// One prepared statement. Columns and parameters count as in SQLite: parameters from 1, columns
// from 0. Must not outlive its Database; thread: the one that uses the Database.
class Statement {
 public:
  // A failure to bind is kept and comes back from the next step().
  Statement& bind(int index, std::string_view text);
  Statement& bind(int index, int64_t number);
  Statement& bind_blob(int index, std::string_view octets);
  // The same without a copy, for octets that live until the next run() or reset() has returned.
  Statement& lend(int index, std::string_view text);
  Statement& lend_blob(int index, std::string_view octets);

  // Whether there is a row. After a row follows the next one, or no more.
  Result<bool> step();
  // For a statement without rows: runs it once and makes it ready for the next use.
  Result<void> run();
  // Ready for the next use, without parameters. Views of its columns end here.
  void reset();

  // Of the row that step() found; views live until the next step() or reset().
  std::string_view text(int column) const;  // blobs as well
  int64_t integer(int column) const;
  std::optional<int64_t> optional_integer(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  Statement& note(int code);

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
  int bind_failure_ = 0;
};

struct DatabaseOptions {
  unsigned file_mode = 0600;  // of new ones
  unsigned folder_mode = 0700;
  // False: a power cut may take the last commits away, the newest first; it never damages the file.
  bool sync_every_commit = true;
};

// One connection to a database file: WAL, foreign keys enforced, up to five seconds of patience
// with another process that writes. One thread at a time. Every call blocks.
class Database {
 public:
  // Makes the file and its folders when they are new.
  static Result<Database> open(const std::string& path, DatabaseOptions options = {});
  // For a reader beside the writer, which may be another user in a folder that it may not write to.
  // not_found when there is no such file.
  static Result<Database> open_read_only(const std::string& path);

  // Statements without parameters; several may be separated by semicolons.
  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  // Rows that the last INSERT, UPDATE or DELETE touched.
  int64_t changed_rows() const;
  // The rowid of the last INSERT.
  int64_t last_row() const;

  // Brings the schema to version migrations.size(): entry i leads from version i to i + 1, each in
  // a transaction of its own, so that an interrupted upgrade goes on where it stopped. Shipped
  // entries are never edited. A file with a newer version is refused (invalid_input).
  Result<void> migrate(std::span<const char* const> migrations);
  // The file's version, 0 before the first migration.
  Result<int64_t> schema_version();

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  static Result<Database> open_handle(const std::string& path, const std::string& name, int flags);
  void set_safe_defaults();
  Result<void> start_write_ahead_log();
  Result<void> apply(int64_t version, const char* migration);

  std::unique_ptr<sqlite3, Closer> handle_;
  std::string path_;
};

// From BEGIN IMMEDIATE to commit(), or rolled back when it is destroyed before.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace waypost::records
