#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "io/rng.h"
#include "sasl/scram.h"

namespace waypost::records {

// What a key is good for.
enum class Scope {
  send,   // mail, by SMTP and over HTTP
  read,   // what became of its tenant's mail, over HTTP
  admin,  // over HTTP all that people may do, and what became of everybody's mail
};
std::string_view name(Scope scope);
Result<Scope> parse_scope(std::string_view name);

// Whether a key can have this word as what `what` says: its "name", "tenant" or "stream".
// invalid_input, with a message that says so, when it cannot.
Result<void> check_key_word(std::string_view what, std::string_view word);
// The same of a domain that it is to send as.
Result<void> check_sender_domain(std::string_view domain);

// With which an application logs in. It sends for one tenant, by default on one stream.
struct Key {
  std::string name;
  std::string tenant;
  std::string stream;
  WallTime created_at;
  std::optional<WallTime> revoked_at;
  // As whom it may send: domains, or "*." and a domain for every name below it, in lower case and
  // in A-labels; none: as anybody.
  std::optional<std::vector<std::string>> sender_domains;
  std::set<Scope> scopes{Scope::send};
  bool scram = false;  // false for one that Waypost made before it knew SCRAM
};

// How a key is checked without seeing its secret.
struct ScramKey {
  std::optional<Key> key;  // who logs in, when the proof fits
  sasl::ScramVerifier verifier;
};

// The keys, in a database file of their own. Another process may create and revoke meanwhile (the
// command line beside the server): the next check() sees it. Every call blocks on the disk: on a
// Worker or at the start of a process. One thread at a time.
//
// A name, tenant or stream is 1 to 64 of A-Z a-z 0-9 . _ - and, but in a stream, @; another is
// invalid_input, as check_key_word() says it.
class Keys {
 public:
  // Makes the file (0600) and its folder (0700) when they are new. invalid_input when a newer
  // Waypost wrote the file; corrupt when it is no database.
  static Result<std::unique_ptr<Keys>> open(const std::string& path);
  ~Keys();

  // Returns the secret, "wp_" and 33 letters or digits, which cannot be shown a second time.
  // already_exists when the name is taken; a revoked key keeps its name, so that a login in the
  // event log means one key for ever.
  Result<std::string> create(std::string_view name, std::string_view tenant,
                             std::string_view stream, WallTime now, io::Rng& rng,
                             std::optional<std::vector<std::string>> sender_domains = {},
                             const std::set<Scope>& scopes = {Scope::send});
  // All, by name, revoked ones too.
  Result<std::vector<Key>> list();
  // not_found when there is no such key. Revoking again keeps the first time.
  Result<void> revoke(std::string_view name, WallTime now);
  // The key, or none when the name is unknown, the key revoked or the secret wrong: a caller cannot
  // tell which, not by time either, since all do the same hash, query and comparison.
  Result<std::optional<Key>> check(std::string_view name, std::string_view secret);
  // The key with that secret, unless it is revoked. By its hash alone: the secret is too long to be
  // guessed, and no time tells anything of it.
  Result<std::optional<Key>> find(std::string_view secret);
  // Whether there is a key with that name that is not revoked.
  Result<bool> holds(std::string_view name);
  // No key, and a verifier that nothing fits, when the name is unknown, the key revoked or older
  // than SCRAM here. A client cannot tell: a name has the same salt whether or not it is taken, and
  // all do the same query.
  Result<ScramKey> look_up(std::string_view name);

 private:
  struct Impl;
  explicit Keys(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waypost::records
