#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/disk.h"
#include "message/header_block.h"

namespace waypost::cli {

// A stream is kept in memory.
inline constexpr uint64_t message_stream_octets_max = 64 << 20;

// A message in a file (.eml), of which only the header and one piece of the body are in memory, or
// in a stream ("-" is standard input). What does not belong to it is left out: a byte order mark,
// and in a mailbox file the line "From ..." in front of it and all from the next such line on.
class MessageFile {
 public:
  // Fails as Disk::read_range does; resource_exhausted for a stream over message_stream_octets_max.
  static Result<std::unique_ptr<MessageFile>> open(const std::string& path);
  MessageFile(const MessageFile&) = delete;
  MessageFile& operator=(const MessageFile&) = delete;

  // What `block` was scanned from: the first octets of the message. Owned by this.
  std::string_view start() const { return start_; }
  const message::HeaderBlock& block() const { return block_; }
  bool lines_end_with_lf() const;
  // Why no header can be read, or not all of it, without a full stop; "" when it can.
  std::string header_fault() const;

  // The octets of the message from `offset` to the end, in order, in pieces.
  Result<void> read_from(uint64_t offset, const std::function<void(std::string_view)>& take) const;
  Result<void> read_body(const std::function<void(std::string_view)>& take) const {
    return read_from(block_.body_offset, take);
  }

 private:
  explicit MessageFile(std::string path);
  Result<std::string> read(uint64_t offset, uint64_t octets) const;
  Result<void> find_message();

  std::string path_;
  std::unique_ptr<io::Disk> disk_;
  std::optional<std::string> whole_;  // of a stream
  uint64_t begin_ = 0;                // of the message in the file
  bool in_mailbox_ = false;
  std::string start_;
  message::HeaderBlock block_;
};

// What to return for a message file that cannot be read; it is shown.
int unreadable_message(const Error& error);

}  // namespace waypost::cli
