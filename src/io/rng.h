#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace waypost::io {

// The only source of randomness.
class Rng {
 public:
  virtual ~Rng() = default;
  virtual void fill(std::span<uint8_t> octets) = 0;

  uint64_t next();
  // In [0, 1).
  double uniform();
};

// From the operating system; fit for keys and nonces. Any thread.
class SystemRng final : public Rng {
 public:
  void fill(std::span<uint8_t> octets) override;
};

// The same octets for the same seed, on every machine; never for secrets.
class SeededRng final : public Rng {
 public:
  explicit SeededRng(uint64_t seed) : engine_(seed) {}
  void fill(std::span<uint8_t> octets) override;

 private:
  std::mt19937_64 engine_;
};

}  // namespace waypost::io
