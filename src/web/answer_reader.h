#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "web/message.h"

namespace waypost::web {

struct AnswerLimits {
  uint32_t header_octets_max = 16 * 1024;  // status line and fields together
  uint64_t body_octets_max = 64 * 1024;
};

// Puts the answer to one request together from what comes in, RFC 9112 §4 and §6. Everything in it
// is hostile. Fails with protocol for what is no HTTP and resource_exhausted beyond the limits, and
// is of no more use then.
class AnswerReader {
 public:
  explicit AnswerReader(AnswerLimits limits);
  ~AnswerReader();

  // What came next. True once the answer is whole; what is behind it is dropped.
  Result<bool> take(std::string_view octets);
  // The connection has ended cleanly, which is the end of some answers (RFC 9112 §6.3); peer_gone
  // where it is not.
  Result<void> end();
  // Once it is whole.
  Response answer() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace waypost::web
