#include "io/rng.h"

#include <cstring>

#include <openssl/rand.h>

#include "base/check.h"

namespace waypost::io {

uint64_t Rng::next() {
  uint64_t value;
  fill({reinterpret_cast<uint8_t*>(&value), sizeof value});
  return value;
}

double Rng::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

void SystemRng::fill(std::span<uint8_t> octets) {
  // OpenSSL's generator is seeded from the kernel; it fails only when that is broken beyond use.
  CHECK(RAND_bytes(octets.data(), static_cast<int>(octets.size())) == 1);
}

void SeededRng::fill(std::span<uint8_t> octets) {
  while (!octets.empty()) {
    uint64_t word = engine_();
    size_t count = std::min(octets.size(), sizeof word);
    std::memcpy(octets.data(), &word, count);
    octets = octets.subspan(count);
  }
}

}  // namespace waypost::io
