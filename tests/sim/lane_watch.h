#pragma once

#include <functional>
#include <map>
#include <string>

#include "base/message_id.h"
#include "base/time.h"
#include "queue/queue.h"

namespace waypost::sim {

// Looks at every attempt as it begins: is urgent mail that waits at the site passed over by other
// mail, or a deadline by a later one? For one process.
class LaneWatch {
 public:
  LaneWatch(std::string watched_stream, std::function<void(std::string)> breach)
      : watched_stream_(std::move(watched_stream)), breach_(std::move(breach)) {}

  // A message comes to the queue, by its own account of what it is.
  void came(const spool::Envelope& envelope, Instant expires_at);
  void began_attempt(const queue::Assignment& assignment, const queue::Queue& queue);

 private:
  Instant deadline_of(const MessageId& id) const;

  const std::string watched_stream_;
  std::function<void(std::string)> breach_;
  std::map<MessageId, Instant> deadlines_;
  std::map<std::string, unsigned> passed_over_;  // in a row, by site
};

}  // namespace waypost::sim
