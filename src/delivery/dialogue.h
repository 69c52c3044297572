#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/loop.h"
#include "io/network.h"
#include "smtp/reply.h"

namespace waypost::delivery {

// The client's end of an SMTP conversation: commands out, replies in, each with a limit of time.
// After a failure the conversation is over. Thread: the loop's.
class Dialogue {
 public:
  Dialogue(io::Loop& loop, std::unique_ptr<io::Stream> stream)
      : loop_(loop), stream_(std::move(stream)) {}

  io::Task<Result<void>> send(std::string_view octets, Duration patience);
  // The next reply, whoever asked for it.
  io::Task<Result<smtp::Reply>> read_reply(Duration patience);
  // Sends `command`, which ends in CRLF, and reads one reply; `patience` for each.
  io::Task<Result<smtp::Reply>> ask(std::string command, Duration patience);

  // Octets that came behind the last reply. Before a handshake there may be none: they would be
  // taken for part of what is then protected (STARTTLS injection).
  bool has_unread_octets() const { return begin_ < end_; }
  // For the handshake: the conversation goes on over the stream that comes of it.
  std::unique_ptr<io::Stream> take_stream() { return std::move(stream_); }
  void continue_over(std::unique_ptr<io::Stream> stream) { stream_ = std::move(stream); }
  io::Stream& stream() { return *stream_; }

 private:
  io::Loop& loop_;
  std::unique_ptr<io::Stream> stream_;
  smtp::ReplyReader reader_;
  std::array<char, 4096> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace waypost::delivery
