#pragma once

#include <string>
#include <string_view>

#include "guard/suppression_index.h"
#include "smtp/reply.h"

namespace waypost::guard {

// "suppressed: recipient-unknown since 2026-11-21; waypost suppressions show ann@example.net"
std::string told_of(const Suppressed& suppressed, std::string_view address);

// 550 with that text and the enhanced code that fits the reason.
smtp::Reply refusal_of(const Suppressed& suppressed, std::string_view address);

}  // namespace waypost::guard
