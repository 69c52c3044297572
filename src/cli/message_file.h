#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/disk.h"
#include "message/header_block.h"

namespace waypost::cli {

// A message in a file (.eml), of which only the header and one piece of the body are in memory.
class MessageFile {
 public:
  // Fails as Disk::read_range does.
  static Result<std::unique_ptr<MessageFile>> open(const std::string& path);
  MessageFile(const MessageFile&) = delete;
  MessageFile& operator=(const MessageFile&) = delete;

  // What `block` was scanned from: the first octets of the file. Owned by this.
  std::string_view start() const { return start_; }
  const message::HeaderBlock& block() const { return block_; }
  bool lines_end_with_lf() const;

  // The octets from `offset` to the end, in order, in pieces.
  Result<void> read_from(uint64_t offset, const std::function<void(std::string_view)>& take) const;
  Result<void> read_body(const std::function<void(std::string_view)>& take) const {
    return read_from(block_.body_offset, take);
  }

 private:
  MessageFile(std::string path, std::string start);

  std::string path_;
  std::string start_;
  message::HeaderBlock block_;
  std::unique_ptr<io::Disk> disk_;
};

// What to return for a message file that cannot be read; it is shown.
int unreadable_message(const Error& error);

}  // namespace waypost::cli
