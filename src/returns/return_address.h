#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/message_id.h"
#include "base/secret.h"

namespace waypost::returns {

// Whom a message that comes to the address can be about.
enum class Reach : uint8_t {
  recipient,  // the one with this number
  domain,     // all in the domain of that one
  message,    // all of the message
};

// Which message of ours an address stands for.
struct Reference {
  MessageId message;
  Reach reach = Reach::recipient;
  uint32_t recipient = 0;  // index into the envelope

  bool operator==(const Reference&) const = default;
};

// The local parts of addresses that name a message and its recipient, and that nobody can make who
// does not have the key: 49 octets of small letters and digits (RFC 5321 §4.5.3.1.1 allows 64).
// Whoever knows one can neither read an address in it nor change it into another. Any thread.
class ReturnAddresses {
 public:
  static constexpr size_t key_octets = 32;
  static constexpr size_t local_part_octets = 49;
  static constexpr uint32_t recipients_max = 1u << 22;

  // 32 octets from the system's generator.
  explicit ReturnAddresses(Secret key) : key_(std::move(key)) {}

  // The number of the recipient is below recipients_max.
  std::string make(const Reference& reference) const;
  // Letters in any case, since some servers change it. None when it is not one of ours.
  std::optional<Reference> read(std::string_view local_part) const;

 private:
  std::string code_of(std::string_view named) const;

  Secret key_;
};

}  // namespace waypost::returns
