#include "spool/held_content.h"

#include <algorithm>
#include <utility>

namespace waypost::spool {
namespace {

// Larger ones cost little by their number, and would drive many others out.
constexpr size_t message_octets_max = 64 * 1024;
// What a message costs besides its octets, near enough for a bound on memory.
constexpr size_t message_overhead = 256;

size_t octets_of(const std::vector<Chunk>& chunks) {
  size_t octets = 0;
  for (const Chunk& chunk : chunks) octets += chunk.octets.size();
  return octets;
}

}  // namespace

std::vector<Chunk> HeldContent::copy_of_small(const std::vector<Chunk>& chunks) {
  return octets_of(chunks) <= message_octets_max ? chunks : std::vector<Chunk>();
}

void HeldContent::hold(MessageId id, std::vector<Chunk> chunks, Instant now) {
  std::lock_guard lock(mutex_);
  drop(id);
  while (!messages_.empty() && now - messages_.front().since > patience_) erase(messages_.begin());
  const size_t octets = octets_of(chunks) + message_overhead;
  if (chunks.empty() || octets_ + octets > octets_max_) return;
  messages_.push_back({id, std::move(chunks), octets, now});
  places_.emplace(id, std::prev(messages_.end()));
  octets_ += octets;
}

std::optional<std::string> HeldContent::take(MessageId id, uint32_t index) {
  std::lock_guard lock(mutex_);
  const auto place = places_.find(id);
  if (place == places_.end()) return std::nullopt;
  Message& message = *place->second;
  const auto chunk = std::find_if(message.chunks.begin(), message.chunks.end(),
                                  [&](const Chunk& each) { return each.index == index; });
  if (chunk == message.chunks.end()) return std::nullopt;
  std::string octets = std::move(chunk->octets);
  message.chunks.erase(chunk);
  message.octets -= octets.size();
  octets_ -= octets.size();
  if (message.chunks.empty()) erase(place->second);
  return octets;
}

void HeldContent::forget(MessageId id) {
  std::lock_guard lock(mutex_);
  drop(id);
}

size_t HeldContent::octets() const {
  std::lock_guard lock(mutex_);
  return octets_;
}

void HeldContent::drop(MessageId id) {
  const auto place = places_.find(id);
  if (place != places_.end()) erase(place->second);
}

void HeldContent::erase(Messages::iterator message) {
  octets_ -= message->octets;
  places_.erase(message->id);
  messages_.erase(message);
}

}  // namespace waypost::spool
