#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "spool/envelope.h"

namespace waypost::queue {

// An envelope but for its id in as few octets as it takes, for one that has long to wait: a message
// with one recipient takes some 150 of them instead of 900. The form is this process's own and is
// never stored.
class PackedEnvelope {
 public:
  PackedEnvelope() = default;
  explicit PackedEnvelope(const spool::Envelope& envelope);

  explicit operator bool() const { return octets_ != nullptr; }
  size_t size_octets() const;
  // Every field as it was, and the id that it had. Only when there is one.
  spool::Envelope unpack(const MessageId& id) const;

 private:
  std::unique_ptr<char[]> octets_;  // begin with how many follow
};

}  // namespace waypost::queue
