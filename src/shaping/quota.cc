#include "shaping/quota.h"

#include <algorithm>

namespace waypost::shaping {
namespace {

// Those of a window, one that is entered and one that is left. Restarts close parts early and could
// make more.
constexpr size_t parts_max = Quota::parts_a_window + 2;

// However many places are asked for, times stay far from the end of the clock.
constexpr uint64_t windows_ahead_max = 1000;

}  // namespace

uint64_t Quota::used(Instant now) const {
  uint64_t used = 0;
  for (auto part = parts_.rbegin(); part != parts_.rend() && part->last + window_ > now; ++part)
    used += part->count;
  return used;
}

Instant Quota::free_at(Instant now, uint64_t places) const {
  if (most_ == 0 || places == 0) return now;
  const uint64_t windows = (places - 1) / most_;
  uint64_t needed = used(now) + (places - windows * most_);
  Instant at = now;
  for (auto part = parts_.begin(); part != parts_.end() && needed > most_; ++part) {
    if (part->last + window_ <= now) continue;
    needed -= std::min(needed, part->count);
    at = part->last + window_;
  }
  return at + window_ * static_cast<int64_t>(std::min(windows, windows_ahead_max));
}

void Quota::take(Instant now) {
  if (most_ == 0) return;
  while (!parts_.empty() && parts_.front().last + window_ <= now) parts_.pop_front();
  if (!parts_.empty() && now - parts_.back().first < part_length()) {
    parts_.back().last = now;
    ++parts_.back().count;
    return;
  }
  add({now, now, 1});
}

Instant Quota::empty_at() const {
  return parts_.empty() ? Instant() : parts_.back().last + window_;
}

void Quota::restore(Instant last, uint64_t count) {
  // What comes next is a part of its own.
  if (count > 0) add({last - part_length(), last, count});
}

// The oldest two become one where there are too many: it counts for longer, never for less.
void Quota::add(Part part) {
  if (!parts_.empty()) part.last = std::max(part.last, parts_.back().last);
  parts_.push_back(part);
  if (parts_.size() <= parts_max) return;
  parts_[1].first = parts_[0].first;
  parts_[1].count += parts_[0].count;
  parts_.pop_front();
}

}  // namespace waypost::shaping
