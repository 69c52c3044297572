#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/time.h"

namespace waypost::submission {

// Once `every`, on average, and up to `burst` at once.
struct Pace {
  Duration every{0};
  unsigned burst = 1;
};

// Holds each of many to a pace, by one time for each: when it will have made up for what it did.
// Who has made up is forgotten, and so is, where there are `keys_max`, who did nothing for longest:
// strangers choose the keys, and must not fill our memory.
template <class Key>
class Paces {
 public:
  explicit Paces(size_t keys_max) : keys_max_(keys_max) { CHECK(keys_max > 0); }

  // How long until `key` may do it; 0: now.
  Duration wait(const Key& key, Pace pace, Instant now) const {
    const auto found = entries_.find(key);
    if (found == entries_.end()) return Duration(0);
    const Duration ahead = found->second.even_at - now - pace.every * (pace.burst - 1);
    return std::max(ahead, Duration(0));
  }

  // `key` does it, whether or not it may.
  void use(const Key& key, Pace pace, Instant now) {
    forget(now, entries_.contains(key) ? keys_max_ : keys_max_ - 1);
    auto [entry, is_new] = entries_.try_emplace(key);
    if (is_new)
      by_use_.push_back(entry);
    else
      by_use_.splice(by_use_.end(), by_use_, entry->second.place);
    entry->second.place = std::prev(by_use_.end());
    entry->second.even_at = std::max(entry->second.even_at, now) + pace.every;
  }

  // `key` did not do it after all.
  void give_back(const Key& key, Pace pace) {
    const auto found = entries_.find(key);
    if (found != entries_.end()) found->second.even_at -= pace.every;
  }

  size_t size() const { return entries_.size(); }

 private:
  struct Entry;
  using Entries = std::map<Key, Entry>;
  struct Entry {
    Instant even_at{};
    typename std::list<typename Entries::iterator>::iterator place;
  };

  void forget(Instant now, size_t kept_max) {
    const auto is_even = [&] { return by_use_.front()->second.even_at <= now; };
    while (!by_use_.empty() && (entries_.size() > kept_max || is_even())) {
      entries_.erase(by_use_.front());
      by_use_.pop_front();
    }
  }

  size_t keys_max_;
  Entries entries_;
  std::list<typename Entries::iterator> by_use_;  // who did something last stands last
};

}  // namespace waypost::submission
