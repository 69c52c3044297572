#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "io/loop.h"
#include "spool/answer.h"
#include "spool/envelope.h"
#include "spool/spool.h"

// What lies below a Spool: sorted keys in four families, changed by atomic batches in one order.
// docs/format/spool.md says what is stored. RocksStore keeps them on disk, MemoryStore in a model
// of one, and the spool logic above is the same code for both.
namespace waypost::spool {

class HeldContent;

enum class Family : uint8_t { envelopes, progress, bodies, arriving };
constexpr std::array family_names = {"envelopes", "progress", "bodies", "arriving"};
constexpr size_t family_count = family_names.size();

struct Operation {
  // erase_once is for a key that was put exactly once: a store may then forget both together.
  enum class Kind : uint8_t { put, erase, erase_once };
  Kind kind = Kind::put;
  Family family = Family::envelopes;
  std::string key;
  std::string value;
};

struct Batch {
  std::vector<Operation> operations;
  Durability durability = Durability::unpromised;
  io::Loop* loop = nullptr;                      // where the answer is given
  std::shared_ptr<Answer<Result<void>>> answer;  // none: nobody waits
};

// One family in the order of its keys. Views live until the next call.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual void seek(std::string_view key) = 0;  // to the first key that is not smaller; "" is first
  virtual bool valid() const = 0;
  virtual void next() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  // Why valid() is false before the last key, if so.
  virtual Result<void> state() const = 0;
};

class BatchStore {
 public:
  virtual ~BatchStore() = default;
  // Written whole or not at all, after every batch submitted before it. The first failure of a
  // write or sync is final: it and all later batches fail. Any thread.
  virtual void submit(Batch batch) = 0;
  // Answers not_found or corrupt when there is no such value. `loop`'s thread.
  virtual void read(Family family, std::string key, io::Loop& loop,
                    std::shared_ptr<Answer<Result<std::string>>> answer) = 0;
  // What is stored now. Blocks.
  virtual std::unique_ptr<Cursor> scan(Family family) const = 0;
  virtual bool healthy() const = 0;
  // Spool::recover() for what is stored now; calls back on the caller's thread.
  virtual Result<void> recover(const std::function<void(StoredMessage)>& found,
                               const std::function<void(MessageId, Error)>& damaged) = 0;
};

// The spool of one shard over `store`, which outlives it. docs of Spool hold. What one shard
// accepts another may deliver: all of them hold content together in `held`; none given: this one
// alone.
std::unique_ptr<Spool> make_spool(BatchStore& store, io::Loop& loop,
                                  std::shared_ptr<HeldContent> held = nullptr);

// Key of a numbered part of a message: the id's 16 octets, then the number, big-endian, so that the
// parts of a message stand together and in order.
std::string part_key(const MessageId& id, uint32_t number);
constexpr size_t part_key_octets = MessageId::octets + sizeof(uint32_t);
// The id that a key begins with, and the number behind it; the key is long enough for both.
MessageId id_of(std::string_view key);
uint32_t number_of(std::string_view key);

// What removes all chunks of messages that were arriving when the last process ended.
Result<std::vector<Operation>> sweep_operations(const BatchStore& store);

// BatchStore::recover() over any store, on one thread.
Result<void> recover_messages(const BatchStore& store,
                              const std::function<void(StoredMessage)>& found,
                              const std::function<void(MessageId, Error)>& damaged);

}  // namespace waypost::spool
