#include "io/draw.h"

#include "base/check.h"

namespace waypost::io {

uint64_t draw_below(Rng& rng, uint64_t limit) {
  // The bias of the remainder is far below what any of our decisions could show.
  return limit == 0 ? 0 : rng.next() % limit;
}

uint64_t draw_between(Rng& rng, uint64_t min, uint64_t max) {
  CHECK(min <= max);
  return min + draw_below(rng, max - min + 1);
}

Duration draw_between(Rng& rng, Duration min, Duration max) {
  CHECK(min <= max);
  uint64_t span = static_cast<uint64_t>((max - min).count());
  return min + Duration(static_cast<int64_t>(draw_below(rng, span + 1)));
}

bool draw_chance(Rng& rng, double probability) {
  return probability > 0 && rng.uniform() < probability;
}

}  // namespace waypost::io
