#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "queue/item.h"

namespace waypost::queue {

// Who waits at one site, in a lane for each stream of mail that has one (shaping/streams.h). In a
// lane those of messages with a deadline are first, the earliest first; then all others in the
// order of coming. Item::message->lane says which lane.
class Lanes {
 public:
  explicit Lanes(size_t count) : lanes_(count) {}

  // Behind all of the same deadline.
  void add(Item item);
  void remove(Item item);

  size_t count() const { return lanes_.size(); }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool empty(size_t lane) const { return lanes_[lane].empty(); }
  // Only of a lane that is not empty.
  Item front(size_t lane) const { return lanes_[lane].begin()->second; }
  // At most how many of its lane are before it.
  uint64_t ahead_of(Item item) const;

  // All of them, lane by lane in their order.
  std::vector<Item> all() const;
  // Empties it, for so many lanes from now on.
  void reset(size_t count);

 private:
  // The deadline, or the end of time; then the order of coming.
  using Key = std::pair<Instant, uint64_t>;
  static Key key_of(Item item);

  std::vector<std::map<Key, Item>> lanes_;
  size_t size_ = 0;
  uint64_t last_order_ = 0;
};

}  // namespace waypost::queue
