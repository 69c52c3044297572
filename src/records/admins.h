#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "io/rng.h"

namespace waypost::records {

// Somebody who may log in to the dashboard.
struct Admin {
  std::string name;
  std::string revision;  // another one with each password
  WallTime changed_at;
};

// Of the database, in the folder of the records.
inline constexpr const char* admins_file = "admins.db";

inline constexpr size_t admin_password_characters_min = 12;
inline constexpr size_t admin_password_octets_max = 1000;

// The people who may log in to the dashboard, in a database file of their own. Another process may
// change passwords meanwhile (the command line beside the server). Every call blocks on the disk,
// and those with a password take half a second of the processor: on a Worker or in a command. One
// thread at a time. A name is 1 to 64 of A-Z a-z 0-9 . _ @ -
class Admins {
 public:
  // Makes the file (0600) and its folder (0700) when they are new. invalid_input when a newer
  // Waypost wrote the file; corrupt when it is no database.
  static Result<std::unique_ptr<Admins>> open(const std::string& path);
  ~Admins();

  // Of somebody new, too. The password goes through SASLprep (RFC 4013), and what is kept is what
  // PBKDF2 makes of it, as for logins (sasl/scram.h), with many more rounds: people choose it.
  // invalid_input, with a message for people, where name or password cannot be used.
  Result<void> set_password(std::string_view name, const Secret& password, WallTime now,
                            io::Rng& rng);
  // None when the name is unknown or the password wrong: a caller cannot tell which, not by time
  // either.
  Result<std::optional<Admin>> check(std::string_view name, const Secret& password);
  Result<std::optional<Admin>> find(std::string_view name);
  // By name.
  Result<std::vector<Admin>> list();
  // not_found when there is nobody of that name.
  Result<void> remove(std::string_view name);

 private:
  struct Impl;
  explicit Admins(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waypost::records
