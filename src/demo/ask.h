#pragma once

#include <string>

#include "base/result.h"
#include "delivery/dialogue.h"
#include "smtp/reply.h"

// The client's end of the demo's conversations with the relay.
namespace waypost::demo {

inline constexpr Duration patience = std::chrono::seconds(30);

// A reply that goes on, or why it does not.
Result<void> expect(const Result<smtp::Reply>& reply, int code);
// Sends a command, or content with its final dot, and wants that code.
io::Task<Result<void>> ask(delivery::Dialogue& dialogue, std::string command, int code);

}  // namespace waypost::demo
