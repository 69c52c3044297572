#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"

namespace waypost::records {

struct StateChange {
  std::string_view state;  // a name that lives for ever
  WallTime at;
  std::optional<std::string_view> only_after = {};  // of nobody who is in another state
};

struct YoungRecipient {
  std::string address;
  std::string_view state;  // a name that lives for ever
  WallTime at;             // when it came to that
};

// A message that began in the batch at hand: its recipients are not in the file yet. Most mail is
// settled within a moment, so that what is kept of it needs to be written once only.
class YoungMessage {
 public:
  // The most that one has: they are looked for one by one.
  static constexpr size_t recipients_max = 32;

  YoungMessage(int64_t number, const std::vector<std::string>& addresses, std::string_view state,
               WallTime at);

  // Of two recipients with one address the one that still is `open` comes first; one that is not
  // known is added.
  void set_state(const std::string& address, const StateChange& change, std::string_view open);

  int64_t number() const { return number_; }
  const std::vector<YoungRecipient>& recipients() const { return recipients_; }

 private:
  int64_t number_;
  std::vector<YoungRecipient> recipients_;
};

// Those of one batch, in their order.
class YoungMessages {
 public:
  void add(const MessageId& id, YoungMessage message);
  // Null when it is not known. Lives until the next call of add() or clear().
  YoungMessage* find(const MessageId& id);
  const std::vector<YoungMessage>& all() const { return messages_; }
  void clear();

 private:
  std::vector<YoungMessage> messages_;
  std::unordered_map<MessageId, size_t> places_;
};

}  // namespace waypost::records
