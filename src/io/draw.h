#pragma once

#include <cstdint>

#include "base/time.h"
#include "io/rng.h"

// Decisions drawn from an Rng, for whatever must come out the same for the same seed. The standard
// library's distributions differ between implementations.
namespace waypost::io {

// In [0, limit); 0 when the limit is 0.
uint64_t draw_below(Rng& rng, uint64_t limit);
// In [min, max].
uint64_t draw_between(Rng& rng, uint64_t min, uint64_t max);
Duration draw_between(Rng& rng, Duration min, Duration max);
// True with this probability; 0 draws nothing, so that a setting that is off changes no other.
bool draw_chance(Rng& rng, double probability);

}  // namespace waypost::io
