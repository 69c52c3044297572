#pragma once

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "delivery/dialogue.h"
#include "io/rng.h"
#include "sasl/client.h"
#include "smtp/capabilities.h"

namespace waypost::delivery {

// Why a login did not come about: their reply, or what happened instead of one.
struct LoginFailure {
  std::optional<smtp::Reply> reply;
  std::string reason;
};

// Logs in by AUTH (RFC 4954 §4), with the best mechanism that they offer, or the one that `login`
// names. Success is only what the server proved where the mechanism asks for a proof.
io::Task<tl::expected<void, LoginFailure>> log_in(Dialogue& dialogue,
                                                  const smtp::Capabilities& capabilities,
                                                  sasl::ClientLogin login, io::Rng& rng);

}  // namespace waypost::delivery
