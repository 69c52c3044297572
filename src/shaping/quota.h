#pragma once

#include <cstdint>
#include <deque>

#include "base/time.h"

namespace waypost::shaping {

// At most so many in any span of time as long as its window: messages an hour, connections a
// minute. Counts in parts of a sixtieth of the window, and a part counts as a whole until its last
// has left the window: so it is never a little more, and up to a sixtieth less. Pure: times come
// from the caller and do not go back.
class Quota {
 public:
  static constexpr int parts_a_window = 60;
  // What went within a sixtieth of the window.
  struct Part {
    Instant first;
    Instant last;
    uint64_t count = 0;
    bool operator==(const Part&) const = default;
  };

  // `most` 0 is no limit: nothing is counted then.
  Quota(Duration window, uint64_t most) : window_(window), most_(most) {}

  // What was counted stays.
  void set_most(uint64_t most) { most_ = most; }
  uint64_t most() const { return most_; }
  Duration window() const { return window_; }

  // How many of those that went count at `now`.
  uint64_t used(Instant now) const;
  // When `places` more may go, if nothing else goes before; `now` or earlier means at once. Of more
  // than a window takes: when the last of them may.
  Instant free_at(Instant now, uint64_t places = 1) const;
  // One goes at `now`.
  void take(Instant now);

  // When nothing counts any more.
  Instant empty_at() const;
  // The oldest first; some no longer count.
  const std::deque<Part>& parts() const { return parts_; }
  // Of an earlier life, before those of this one and in their order: `count` went at `last` or
  // shortly before.
  void restore(Instant last, uint64_t count);

 private:
  Duration part_length() const { return window_ / parts_a_window; }
  void add(Part part);

  Duration window_;
  uint64_t most_;
  std::deque<Part> parts_;  // at most parts_max
};

}  // namespace waypost::shaping
