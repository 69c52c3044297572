#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"

namespace waypost::records {

inline constexpr uint64_t sent_requests_max = 2'000'000;
// Of one login, so that none takes all the room.
inline constexpr uint64_t sent_requests_of_login_max = sent_requests_max / 4;

// A request to send that names itself, so that it can be repeated without sending twice.
struct SentRequest {
  std::string login;   // name of the key that asked
  std::string name;    // what the client calls the request
  std::string digest;  // of what was asked
  MessageId message;   // what it makes
  WallTime at;
};

// The answers to requests to send, by key and name, in a database file of their own. Every call
// blocks on the disk, where all that is told is on stable storage when it returns. One thread at a
// time. Fails as the disk does; corrupt when the file is no database, invalid_input when a newer
// Waypost wrote it.
class SentRequests {
 public:
  // Makes the file (0600) and its folder (0700) when they are new.
  static Result<std::unique_ptr<SentRequests>> open(
      const std::string& path, uint64_t of_login_max = sent_requests_of_login_max);
  ~SentRequests();

  struct Claim {
    SentRequest request;  // the one that has the name: that of the caller when `is_new`
    bool is_new = false;
    std::string answer;  // empty while it is not known
    // Words for the client, where the name is new and was not taken: the login has as many as it
    // may, or all have sent_requests_max.
    std::string no_room = {};
  };
  // Takes the name.
  Result<Claim> claim(const SentRequest& request);
  // Of that message; where another has the name by now, nothing happens.
  Result<void> answer(const SentRequest& request, std::string_view answer);
  // It sent nothing: the name is free again.
  Result<void> release(const SentRequest& request);
  // After a start: requests without an answer keep their names where `was_stored` knows the
  // message, and get the answer that `answer_of` makes; the others are forgotten.
  Result<void> settle(const std::function<bool(const MessageId&)>& was_stored,
                      const std::function<std::string(const SentRequest&)>& answer_of);
  // Forgets those from before `time`.
  Result<void> forget(WallTime time);

 private:
  struct Impl;
  explicit SentRequests(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace waypost::records
