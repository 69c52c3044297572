#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "doctor/evidence.h"
#include "io/loop.h"
#include "io/network.h"
#include "smtp/reply.h"

namespace waypost::doctor {

// The client's end of an SMTP conversation, every line of it written into the evidence. After a
// failure it is over. Thread: the loop's.
class Conversation {
 public:
  Conversation(io::Loop& loop, EvidenceLog& evidence, std::unique_ptr<io::Stream> stream);

  // Sends `command`, which has no line end, and reads one reply; `patience` for each.
  io::Task<Result<smtp::Reply>> ask(std::string command, Duration patience);
  // The same for a line with a secret: `shown` is what the evidence has, "AUTH PLAIN [hidden]".
  io::Task<Result<smtp::Reply>> ask_unseen(Secret line, std::string shown, Duration patience);
  // The next reply, whoever asked for it. What is no reply is ErrorCode::protocol, and opening()
  // has it; the peer's end is peer_gone, silence timed_out.
  io::Task<Result<smtp::Reply>> read_reply(Duration patience);
  io::Task<Result<void>> write(std::string octets, Duration patience);

  // The evidence of the first line of the last reply; 0 before one.
  unsigned last_evidence() const { return last_evidence_; }
  // The first octets that came over this stream, at most 256, as they are.
  const std::string& opening() const { return opening_; }
  // Behind the last reply; before a handshake there may be none (STARTTLS injection).
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  // Part of a reply has come, and not its end.
  bool in_a_reply() const { return reader_.started(); }
  // When the last octets came; the epoch before any.
  Instant heard_at() const { return heard_at_; }

  std::unique_ptr<io::Stream> take_stream() { return std::move(stream_); }
  void continue_over(std::unique_ptr<io::Stream> stream) { stream_ = std::move(stream); }
  io::Stream* stream() { return stream_.get(); }

 private:
  void show(Evidence::Kind kind, std::string_view text);

  io::Loop& loop_;
  EvidenceLog& evidence_;
  std::unique_ptr<io::Stream> stream_;
  std::string peer_;
  smtp::ReplyReader reader_;
  unsigned last_evidence_ = 0;
  std::string opening_;
  Instant heard_at_{};
  std::array<char, 4096> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace waypost::doctor
