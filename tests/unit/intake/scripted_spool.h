#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/completion.h"
#include "spool/spool.h"

namespace waypost::intake {

// Keeps what it is told, and fails when it is told to.
class ScriptedSpool final : public spool::Spool {
 public:
  io::Task<Result<void>> write_chunk(MessageId id, spool::Chunk chunk) override {
    largest_chunk = std::max(largest_chunk, chunk.octets.size());
    if (write_failure) co_return failure(*write_failure);
    arriving[id][chunk.index] = std::move(chunk.octets);
    co_return Result<void>();
  }
  io::Task<Result<void>> commit(spool::Envelope envelope,
                                std::vector<spool::Chunk> last_chunks) override {
    if (hangs) {
      io::Completion<bool> never;
      co_await never;
    }
    if (breaks) {
      is_healthy = false;
      co_return failure(ErrorCode::unavailable, "a sync failed");
    }
    if (commit_failure) co_return failure(*commit_failure);
    auto chunks = arriving[envelope.id];
    arriving.erase(envelope.id);
    for (spool::Chunk& chunk : last_chunks) {
      largest_chunk = std::max(largest_chunk, chunk.octets.size());
      chunks[chunk.index] = std::move(chunk.octets);
    }
    std::string message;
    for (auto& [index, octets] : chunks) message += octets;
    EXPECT_EQ(chunks.size(), envelope.chunks);
    EXPECT_EQ(message.size(), envelope.size_octets);
    messages[envelope.id] = std::move(message);
    last_held_because = std::move(envelope.held_because);
    co_return Result<void>();
  }
  void discard(MessageId id) override {
    discarded.push_back(id);
    arriving.erase(id);
  }
  io::Task<Result<void>> update(MessageId, std::vector<spool::RecipientChange>,
                                spool::Durability) override {
    co_return Result<void>();
  }
  io::Task<Result<void>> remove(spool::Envelope, spool::Durability) override {
    co_return Result<void>();
  }
  io::Task<Result<std::string>> read_chunk(MessageId, uint32_t) override {
    co_return failure(ErrorCode::not_found, "never asked");
  }
  Result<void> recover(const std::function<void(spool::StoredMessage)>&,
                       const std::function<void(MessageId, Error)>&) override {
    return {};
  }
  bool healthy() const override { return is_healthy; }

  std::optional<Error> write_failure;
  std::optional<Error> commit_failure;
  bool breaks = false;  // at a commit, which fails
  bool hangs = false;
  bool is_healthy = true;
  size_t largest_chunk = 0;
  std::map<MessageId, std::map<uint32_t, std::string>> arriving;
  std::string last_held_because;
  std::map<MessageId, std::string> messages;
  std::vector<MessageId> discarded;
};

}  // namespace waypost::intake
