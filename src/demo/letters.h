#pragma once

#include <string>

#include "demo/persona.h"
#include "io/rng.h"

namespace waypost::demo {

inline constexpr const char* shop_domain = "shop.test";
// Of the same people, and nobody signs its mail.
inline constexpr const char* unsigned_domain = "old-shop.test";

struct Letter {
  std::string sender;
  std::string recipient;
  std::string subject;
  Duration expire_after{0};  // zero: the relay's usual time

  // The message, with CRLF.
  std::string text() const;
};

// The demo's mail, one letter after the other, the same for the same seed: most of it good, some to
// mailboxes that do not exist or are full, some unsigned, some to domains that take none. Pure.
class Letters {
 public:
  explicit Letters(uint64_t seed);
  Letter next();

  static constexpr double nobody_share = 0.07;
  static constexpr double full_share = 0.05;
  static constexpr double unsigned_share = 0.06;
  // To a host that never answers: long enough for a few tries, short enough to be seen.
  static constexpr Duration patience_with_the_dead = std::chrono::seconds(12);

 private:
  const Persona& draw_persona();

  io::SeededRng rng_;
  unsigned weights_ = 0;
  unsigned drawn_ = 0;
};

}  // namespace waypost::demo
