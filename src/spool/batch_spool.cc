#include <unordered_map>

#include "base/check.h"
#include "spool/batch_store.h"
#include "spool/envelope_codec.h"
#include "spool/held_content.h"

namespace waypost::spool {
namespace {

using Kind = Operation::Kind;

Operation put(Family family, std::string key, std::string value) {
  return {Kind::put, family, std::move(key), std::move(value)};
}
Operation erase_once(Family family, std::string key) {
  return {Kind::erase_once, family, std::move(key), {}};
}

// Turns each step of a message's life (docs/format/spool.md) into one atomic batch.
class BatchSpool final : public Spool {
 public:
  BatchSpool(BatchStore& store, io::Loop& loop, std::shared_ptr<HeldContent> held)
      : store_(store), loop_(loop), held_(std::move(held)) {}

  io::Task<Result<void>> write_chunk(MessageId id, Chunk chunk) override {
    std::vector<Operation> operations;
    auto& written = arriving_[id];
    if (written.empty())
      operations.push_back(put(Family::arriving, std::string(id.raw()), std::string()));
    written.push_back(chunk.index);
    add_chunk(operations, id, std::move(chunk));
    co_return co_await write(std::move(operations), Durability::unpromised);
  }

  io::Task<Result<void>> commit(Envelope envelope, std::vector<Chunk> last_chunks) override {
    CO_TRY(std::string encoded, encode(envelope));
    std::vector<Operation> operations;
    operations.reserve(last_chunks.size() + 2);
    size_t chunks = last_chunks.size();
    std::vector<Chunk> held = HeldContent::copy_of_small(last_chunks);
    for (Chunk& chunk : last_chunks) add_chunk(operations, envelope.id, std::move(chunk));
    operations.push_back(
        put(Family::envelopes, std::string(envelope.id.raw()), std::move(encoded)));
    if (auto arrived = arriving_.find(envelope.id); arrived != arriving_.end()) {
      operations.push_back(erase_once(Family::arriving, std::string(envelope.id.raw())));
      chunks += arrived->second.size();
      arriving_.erase(arrived);
    }
    CHECK(chunks == envelope.chunks);
    CO_TRY_VOID(co_await write(std::move(operations), Durability::before_answer));
    held_->hold(envelope.id, std::move(held), loop_.now());
    co_return Result<void>();
  }

  void discard(MessageId id) override {
    auto arrived = arriving_.find(id);
    if (arrived == arriving_.end()) return;
    std::vector<Operation> operations;
    for (uint32_t index : arrived->second)
      operations.push_back(erase_once(Family::bodies, part_key(id, index)));
    operations.push_back(erase_once(Family::arriving, std::string(id.raw())));
    arriving_.erase(arrived);
    store_.submit({std::move(operations), Durability::unpromised, &loop_, nullptr});
  }

  io::Task<Result<void>> update(MessageId id, std::vector<RecipientChange> changes,
                                Durability durability) override {
    std::vector<Operation> operations;
    operations.reserve(changes.size());
    for (const RecipientChange& change : changes) {
      CO_TRY(std::string encoded, encode(change.progress));
      operations.push_back(
          put(Family::progress, part_key(id, change.recipient), std::move(encoded)));
    }
    co_return co_await write(std::move(operations), durability);
  }

  io::Task<Result<void>> remove(Envelope envelope, Durability durability) override {
    held_->forget(envelope.id);
    std::vector<Operation> operations;
    operations.reserve(1 + envelope.recipients.size() + envelope.chunks);
    operations.push_back(erase_once(Family::envelopes, std::string(envelope.id.raw())));
    // Progress is rewritten after each attempt, so its keys cannot be erased "once".
    for (uint32_t recipient = 0; recipient < envelope.recipients.size(); ++recipient)
      operations.push_back({Kind::erase, Family::progress, part_key(envelope.id, recipient), {}});
    for (uint32_t index = 0; index < envelope.chunks; ++index)
      operations.push_back(erase_once(Family::bodies, part_key(envelope.id, index)));
    co_return co_await write(std::move(operations), durability);
  }

  io::Task<Result<std::string>> read_chunk(MessageId id, uint32_t index) override {
    if (std::optional<std::string> held = held_->take(id, index)) co_return *std::move(held);
    Awaited<Result<std::string>> octets;
    store_.read(Family::bodies, part_key(id, index), loop_, octets.answer());
    Result<std::string> result = co_await octets;
    if (!result)
      co_return failure(std::move(result).error().while_doing(
          "reading chunk " + std::to_string(index) + " of message " + id.text()));
    co_return result;
  }

  Result<void> recover(const std::function<void(StoredMessage)>& found,
                       const std::function<void(MessageId, Error)>& damaged) override {
    return store_.recover(found, damaged);
  }

  bool healthy() const override { return store_.healthy(); }

 private:
  static void add_chunk(std::vector<Operation>& operations, const MessageId& id, Chunk chunk) {
    CHECK(chunk.octets.size() <= chunk_octets_max);
    operations.push_back(put(Family::bodies, part_key(id, chunk.index), std::move(chunk.octets)));
  }

  io::Task<Result<void>> write(std::vector<Operation> operations, Durability durability) {
    Awaited<Result<void>> written;
    store_.submit({std::move(operations), durability, &loop_, written.answer()});
    co_return co_await written;
  }

  BatchStore& store_;
  io::Loop& loop_;
  // Chunks written of each message that is neither committed nor discarded yet.
  std::unordered_map<MessageId, std::vector<uint32_t>> arriving_;
  const std::shared_ptr<HeldContent> held_;
};

}  // namespace

std::unique_ptr<Spool> make_spool(BatchStore& store, io::Loop& loop,
                                  std::shared_ptr<HeldContent> held) {
  if (!held) held = std::make_shared<HeldContent>();
  return std::make_unique<BatchSpool>(store, loop, std::move(held));
}

}  // namespace waypost::spool
