#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace waypost::base {

// The name of an accepted message, everywhere: in the 250 reply, the spool's keys, events, traces.
// UUID version 7 (RFC 9562 §5.7): a millisecond of wall time, then random bits, so that ids sort by
// the time of acceptance and tell it without a lookup.
class MessageId {
 public:
  static constexpr size_t octets = 16;

  MessageId() = default;  // all zero: no message has it

  // `random` are ten octets from io::Rng.
  static MessageId make(WallTime accepted_at, std::span<const uint8_t, 10> random);
  // The 36 characters of RFC 9562 §4, either case; anything else, or another version, is refused.
  static Result<MessageId> parse(std::string_view text);
  // The 16 octets as the spool stores them.
  static MessageId from_octets(std::span<const uint8_t, octets> raw);

  std::string text() const;
  // To the millisecond.
  WallTime accepted_at() const;
  // For keys; owned by this id.
  std::string_view raw() const {
    return {reinterpret_cast<const char*>(octets_.data()), octets_.size()};
  }

  auto operator<=>(const MessageId&) const = default;

 private:
  std::array<uint8_t, octets> octets_{};
};

}  // namespace waypost::base

namespace waypost {
using base::MessageId;
}

template <>
struct std::hash<waypost::base::MessageId> {
  size_t operator()(const waypost::base::MessageId& id) const noexcept {
    return std::hash<std::string_view>()(id.raw());
  }
};
