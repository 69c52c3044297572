#pragma once

#include <cstdint>
#include <string_view>

#include "events/event.h"

namespace waypost::events {

// Where mail comes from: figures of what was sent have nothing else in them.
enum class Direction : uint8_t {
  sent,     // an application, or a person, handed it in
  notice,   // it tells somebody here what became of their mail: it has the null sender
  inbound,  // a stranger brought it, or it was sent on
};

// By any event of a message that the queue or intake tells of.
inline Direction direction_of(const Event& event) {
  if (event.inbound) return Direction::inbound;
  return event.sender.empty() ? Direction::notice : Direction::sent;
}

inline std::string_view name(Direction direction) {
  switch (direction) {
    case Direction::notice:
      return "notice";
    case Direction::inbound:
      return "inbound";
    default:
      return "sent";
  }
}

}  // namespace waypost::events
