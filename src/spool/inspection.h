#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "spool/batch_store.h"
#include "spool/envelope.h"

// Whether a spool holds what docs/format/spool.md promises, message by message. Reads every
// envelope, progress and chunk, and goes on behind what cannot be read. Blocks.
namespace waypost::spool {

enum class Defect : uint8_t {
  envelope_damaged,     // it does not decode, or its table cannot be read there
  chunk_missing,        // the envelope counts more than there are
  chunk_unreadable,     // its table is damaged there
  chunk_unexpected,     // more than the envelope counts
  size_differs,         // all chunks are there, with more or fewer octets than were accepted
  progress_damaged,     // it does not decode, or cannot be read
  progress_unexpected,  // of a recipient that the envelope does not have
  orphan_chunks,        // no envelope, and no marker of one that arrives
  orphan_progress,      // no envelope
  stray_marker,         // a marker beside an envelope
};
// "envelope-damaged".
std::string_view name(Defect defect);

struct Finding {
  Defect defect;
  std::string detail;  // "chunks 3-5 of 9 cannot be read"
};

// All that is stored under one id.
struct InspectedMessage {
  MessageId id;
  std::optional<Envelope> envelope;  // none where it is damaged or absent
  std::map<uint32_t, RecipientProgress> progress;
  std::vector<uint32_t> chunks;  // that can be read, in order
  uint64_t octets = 0;           // in them
  bool arriving = false;         // never acknowledged; the next start erases it
  std::vector<Finding> findings;

  // Recipients that are not settled.
  uint32_t waiting() const;
};

// A stretch of keys that cannot be read. What stood there is known only where another family
// names it.
struct Gap {
  Family family;
  MessageId after;  // the last id that could be read before it; all zero when there was none
  std::optional<MessageId> before;  // the first behind it, if any
  bool cut_off = false;             // it could not be said where it ends
  std::string reason;
};

struct Inspection {
  uint64_t messages = 0;  // with an envelope, readable or not
  uint64_t damaged = 0;   // of all ids, those with a finding
  uint64_t recipients = 0;
  uint64_t waiting = 0;
  uint64_t arriving = 0;
  uint64_t chunks = 0;
  uint64_t octets = 0;
  uint64_t odd_keys = 0;  // of a length that no key of its family has
  std::vector<Gap> gaps;

  bool whole() const { return damaged == 0 && odd_keys == 0 && gaps.empty(); }
  // Whether a whole family ends in a gap, as when the index of a table is damaged.
  bool cut_off() const;
};

// Calls `found` for every id, in order, whole or not.
Inspection inspect(const BatchStore& store, const std::function<void(InspectedMessage)>& found);

// Gives the chunks `numbers` of a message to `take`, in order, until it fails.
Result<void> read_chunks(const BatchStore& store, const MessageId& id,
                         const std::vector<uint32_t>& numbers,
                         const std::function<Result<void>(std::string_view)>& take);

}  // namespace waypost::spool
