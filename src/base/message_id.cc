#include "base/message_id.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::base {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

bool is_hyphen_position(size_t index) {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

MessageId MessageId::make(WallTime accepted_at, std::span<const uint8_t, 10> random) {
  auto millis = static_cast<uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(accepted_at).time_since_epoch().count());
  MessageId id;
  for (size_t i = 0; i < 6; ++i) id.octets_[i] = static_cast<uint8_t>(millis >> (8 * (5 - i)));
  std::copy(random.begin(), random.end(), id.octets_.begin() + 6);
  id.octets_[6] = static_cast<uint8_t>(0x70 | (id.octets_[6] & 0x0f));  // version 7
  id.octets_[8] = static_cast<uint8_t>(0x80 | (id.octets_[8] & 0x3f));  // variant of RFC 9562
  return id;
}

Result<MessageId> MessageId::parse(std::string_view text) {
  auto refuse = [&] {
    return failure(ErrorCode::invalid_input, fmt::format("\"{}\" is not a message id", text));
  };
  if (text.size() != 36) return refuse();
  MessageId id;
  size_t digit = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_hyphen_position(i)) {
      if (text[i] != '-') return refuse();
      continue;
    }
    int value = hex_value(text[i]);
    if (value < 0) return refuse();
    uint8_t& octet = id.octets_[digit / 2];
    octet = static_cast<uint8_t>(octet << 4 | value);
    ++digit;
  }
  if (id.octets_[6] >> 4 != 7 || id.octets_[8] >> 6 != 2) return refuse();
  return id;
}

MessageId MessageId::from_octets(std::span<const uint8_t, octets> raw) {
  MessageId id;
  std::copy(raw.begin(), raw.end(), id.octets_.begin());
  return id;
}

std::string MessageId::text() const {
  std::string text;
  text.reserve(36);
  for (uint8_t octet : octets_) {
    if (is_hyphen_position(text.size())) text += '-';
    text += hex_digits[octet >> 4];
    text += hex_digits[octet & 15];
  }
  return text;
}

WallTime MessageId::accepted_at() const {
  uint64_t millis = 0;
  for (size_t i = 0; i < 6; ++i) millis = millis << 8 | octets_[i];
  return WallTime(std::chrono::milliseconds(millis));
}

}  // namespace waypost::base
