#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/rng.h"
#include "records/admins.h"
#include "records/keys.h"

namespace waypost::api {

// Somebody who is logged in to the dashboard.
struct Session {
  std::string user;
  std::string revision;  // of the password that it began with
  std::string csrf;      // what each request that changes something has to know
  Instant begun;
  Instant used;
  Instant confirmed;   // that the password is still that one
  bool ended = false;  // nobody can go on with it
  // What it may: all. As of a key, whose name nobody else can have.
  std::shared_ptr<const records::Key> key;
};

// Those who are logged in, in memory: a restart ends them all. Thread: the loop's.
class Sessions {
 public:
  static constexpr Duration idle_max = std::chrono::hours(12);
  static constexpr Duration age_max = std::chrono::hours(24 * 7);
  static constexpr size_t sessions_max = 200;

  struct Begun {
    std::string token;  // for the cookie; only its hash is kept
    std::shared_ptr<Session> session;
  };
  // Where there are too many, the one that was not used for longest ends.
  Begun begin(const records::Admin& admin, Instant now, io::Rng& rng);
  // Null when there is none with that token, or its time is over.
  std::shared_ptr<Session> find(std::string_view token, Instant now);
  void end(Session& session);

  static bool is_over(const Session& session, Instant now);
  // When it ends if it is used no more.
  static Instant end_of(const Session& session);

 private:
  void make_room(Instant now);

  std::map<std::string, std::shared_ptr<Session>> all_;  // by the hash of the token
};

}  // namespace waypost::api
