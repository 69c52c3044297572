#pragma once

#include <vector>

#include "seeds/seed.h"
#include "toml/diagnostic.h"

namespace waypost::seeds {

inline constexpr uint64_t seed_file_octets_max = 256 * 1024;

// What a seeds file says (docs/operate/doctor.md): `wait` and `slow_after` at the top, then
// [[seed]].
struct ReadSeeds {
  Seeds seeds;                                // of use only without errors
  std::vector<toml::Diagnostic> diagnostics;  // by place; none shows a secret
};

// The passwords are not read: only the names of their files stand in it.
ReadSeeds read_seed_file(const toml::Source& source);

}  // namespace waypost::seeds
