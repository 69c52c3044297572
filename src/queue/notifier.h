#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "events/cause.h"
#include "io/task.h"
#include "spool/envelope.h"

namespace waypost::queue {

enum class NoticeKind {
  failed,   // it will not be delivered
  delayed,  // it is still being tried
  relayed,  // it went to a server that makes no notices
};

// What became of one recipient of the message.
struct NoticedRecipient {
  uint32_t recipient = 0;  // index into Envelope::recipients
  std::string reply;       // what they said, or what happened instead; hostile
  std::string host;        // who said it; empty: nobody did
  events::Cause cause;
  bool expired = false;  // it was given up for its age
  uint32_t attempts = 0;
  WallTime at;  // of what became of it; of the last attempt, unless it expired
};

// What the sender of a message is to be told.
struct Notice {
  NoticeKind kind = NoticeKind::failed;
  std::shared_ptr<const spool::Envelope> envelope;  // of the message that it is about
  std::vector<NoticedRecipient> recipients;         // at least one
};

inline constexpr size_t noticed_recipients_max =
    1000;  // in one notice, for those of one attempt more

// Who tells senders; the queue knows no more of notices than this. Thread: the shard's loop.
class Notifier {
 public:
  virtual ~Notifier() = default;
  // When it returns, the notice is on stable storage and on its way. A crash before may repeat it.
  // Fails with invalid_input when such a notice can never be made; else it is worth another try.
  virtual io::Task<Result<void>> notify(Notice notice) = 0;
};

// Whether the sender is to be told of this recipient (RFC 3461 §4.1, §5.2). Never for a null
// reverse-path (RFC 5321 §6.1), nor for mail that a stranger brought: who stands in its envelope
// may have nothing to do with it.
bool wants_notice(const spool::Envelope& envelope, uint32_t recipient, NoticeKind kind);

}  // namespace waypost::queue
