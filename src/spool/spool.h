#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "io/task.h"
#include "spool/envelope.h"

namespace waypost::spool {

// A message's octets are stored in pieces of at most this size; chunk 0 holds the fields that the
// relay itself added, the others what the client sent.
constexpr size_t chunk_octets_max = 256 * 1024;

struct Chunk {
  uint32_t index = 0;
  std::string octets;
};

struct RecipientChange {
  uint32_t recipient = 0;  // index into Envelope::recipients
  RecipientProgress progress;
};

// When what was written is on stable storage.
enum class Durability {
  unpromised,  // pieces of a message that is still arriving
  bounded,     // at most `update_sync_delay_max` after the answer, or with the next commit
  before_answer,
};

// The messages on disk, as one shard sees them. docs/format/spool.md has the table of legal states
// and the step between each.
//
// Every failure is final for its message: after a failed commit the message is not accepted, though
// it may reappear after a crash. After a failed sync or write the spool answers `unavailable` to
// every later write until it is opened anew: what the kernel then holds cannot be known.
// Thread: the shard's loop. Not cancellable: what was started is waited for.
class Spool {
 public:
  virtual ~Spool() = default;

  // Stores a piece of a message that is still arriving, each index once. Not durable. Suspends
  // until it is written, so that what waits in memory is at most one chunk for each arriving
  // message. Chunks of a message that is never committed are swept at the next start, or by
  // discard().
  virtual io::Task<Result<void>> write_chunk(MessageId id, Chunk chunk) = 0;

  // Accepts the message: when this returns, the envelope, `last_chunks` and all chunks written
  // before are on stable storage. Calls that arrive while a sync runs share the next one. An id is
  // committed at most once, and `envelope.chunks` counts the chunks written and given here.
  // Fails with resource_exhausted when the disk is full; with invalid_input, and the spool stays
  // healthy, when the envelope could not be read back (envelope_codec.h).
  virtual io::Task<Result<void>> commit(Envelope envelope, std::vector<Chunk> last_chunks) = 0;

  // Forgets the chunks of a message that was not committed. Lazy, never fails visibly.
  virtual void discard(MessageId id) = 0;

  // What attempts or people have changed. When it returns, the change survives the death of the
  // process; `durability` says when it survives a power cut.
  virtual io::Task<Result<void>> update(MessageId id, std::vector<RecipientChange> changes,
                                        Durability durability) = 0;

  // Removes a message whose recipients are all settled; same promise as update(). Nothing more may
  // be written of it. What there is to remove is counted from the envelope, so that the spool keeps
  // no state per message.
  virtual io::Task<Result<void>> remove(Envelope envelope, Durability durability) = 0;

  // One chunk, or not_found, or corrupt.
  virtual io::Task<Result<std::string>> read_chunk(MessageId id, uint32_t index) = 0;

  // Every accepted message that is not removed, in the order of acceptance; called once, before
  // anything else. Blocks. A message that does not decode is reported as corrupt by name through
  // `damaged`, kept on disk, and does not stop the others.
  virtual Result<void> recover(const std::function<void(StoredMessage)>& found,
                               const std::function<void(MessageId, Error)>& damaged) = 0;

  // False after a failed write or sync: intake answers 451 and readiness turns red.
  virtual bool healthy() const = 0;
};

constexpr Duration update_sync_delay_max = std::chrono::milliseconds(100);

}  // namespace waypost::spool
