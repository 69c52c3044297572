#pragma once

#include <optional>
#include <string_view>

#include "smtp/attempt_phase.h"

namespace waypost::classify {

// A reply inside the sentence of the program that received it: "host mx.example.net[192.0.2.1]
// said: 550 5.1.1 User unknown (in reply to RCPT TO command)".
struct WrappedReply {
  size_t begin = 0;  // the reply itself, in the normal text
  size_t end = 0;
  std::string_view host;                    // who said it; empty when the sentence does not tell
  std::optional<smtp::AttemptPhase> phase;  // what it answered, as far as the sentence tells
};

// None when the text is the reply itself, or no reply is seen in it.
std::optional<WrappedReply> unwrap(std::string_view normal_text);

// What a text that is no wrapped reply says it answers: "Mail command failed: ...".
std::optional<smtp::AttemptPhase> phase_told(std::string_view normal_text);

}  // namespace waypost::classify
