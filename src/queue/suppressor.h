#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "events/event.h"
#include "io/task.h"
#include "spool/envelope.h"

namespace waypost::queue {

// Why a recipient is not to be written to.
struct Suppressed {
  std::string reason;  // a class of replies, "complaint" ...
  std::string text;    // for the event and the notice, with an enhanced code in front
};

// A recipient that bounced with a reply that says that the address is no good.
struct Condemned {
  std::shared_ptr<const spool::Envelope> envelope;
  uint32_t recipient = 0;  // index into Envelope::recipients
  std::string reason;      // the class of the reply
  std::string reply;       // hostile
  WallTime at;
};

// Who may not be written to; the queue knows no more of it than this. Thread: the queue's loop.
class Suppressor {
 public:
  virtual ~Suppressor() = default;
  // Asked before each attempt, so that what is put on the list while a message waits holds for it.
  virtual std::optional<Suppressed> find(const spool::Envelope& envelope,
                                         uint32_t recipient) const = 0;
  // When it returns they are on the list and on stable storage, or somebody was told that they are
  // not: mail does not wait for that.
  virtual io::Task<void> condemn(std::vector<Condemned> condemned) = 0;
};

}  // namespace waypost::queue
