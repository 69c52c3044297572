#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace waypost::sasl {

// What a client sends for PLAIN (RFC 4616 §2), before base64: it holds the password. Both must be
// UTF-8 without NUL, not empty, and short enough for message_octets_max.
Result<Secret> plain_initial_response(std::string_view login, const Secret& password);

}  // namespace waypost::sasl
