#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"
#include "spool/spool.h"

namespace waypost::spool {

// Content of small messages from their commit until it is read the first time, which as a rule is
// soon, so that it need not be found and copied out of the store again. What finds no room is not
// held, since what came before is read before it; only what has not been read for a while, as at a
// site that is shut, makes way. The store has all of it. Thread: any; nothing is copied while the
// lock is held.
class HeldContent {
 public:
  explicit HeldContent(size_t octets_max = 8 << 20, Duration patience = std::chrono::seconds(5))
      : octets_max_(octets_max), patience_(patience) {}

  // A copy of chunks that are worth holding; none of larger ones.
  static std::vector<Chunk> copy_of_small(const std::vector<Chunk>& chunks);
  // They are on stable storage now.
  void hold(MessageId id, std::vector<Chunk> chunks, Instant now);
  // Gives a chunk away.
  std::optional<std::string> take(MessageId id, uint32_t index);
  void forget(MessageId id);

  size_t octets() const;

 private:
  struct Message {
    MessageId id;
    std::vector<Chunk> chunks;
    size_t octets = 0;
    Instant since;
  };
  using Messages = std::list<Message>;
  // Both with the lock held.
  void drop(MessageId id);
  void erase(Messages::iterator message);

  const size_t octets_max_;
  const Duration patience_;
  mutable std::mutex mutex_;  // guards all below
  size_t octets_ = 0;         // of all, with what keeping them costs
  Messages messages_;         // the oldest first
  std::unordered_map<MessageId, Messages::iterator> places_;
};

}  // namespace waypost::spool
