#include "queue/lanes.h"

#include <algorithm>

namespace waypost::queue {

Lanes::Key Lanes::key_of(Item item) { return {item.message->deadline(), item.state().order}; }

void Lanes::add(Item item) {
  item.state().order = ++last_order_;
  auto& lane = lanes_[item.message->lane];
  lane.emplace_hint(lane.end(), key_of(item), item);
  ++size_;
}

void Lanes::remove(Item item) { size_ -= lanes_[item.message->lane].erase(key_of(item)); }

uint64_t Lanes::ahead_of(Item item) const {
  const auto& lane = lanes_[item.message->lane];
  const Key key = key_of(item);
  const Key& first = lane.begin()->first;
  // Some of those between may have left since, so that there are fewer.
  const uint64_t others = lane.size() - 1;
  return key.first == first.first ? std::min(key.second - first.second, others) : others;
}

std::vector<Item> Lanes::all() const {
  std::vector<Item> items;
  items.reserve(size_);
  for (const auto& lane : lanes_)
    for (const auto& [key, item] : lane) items.push_back(item);
  return items;
}

void Lanes::reset(size_t count) {
  lanes_.assign(count, {});
  size_ = 0;
}

}  // namespace waypost::queue
