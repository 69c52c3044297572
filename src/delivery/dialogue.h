#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "delivery/attempt_log.h"
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

  // Where the attempt that uses the conversation is written down; null for none.
  void write_down_in(AttemptLog* log) { log_ = log; }

  // Commands, each ending in CRLF.
  io::Task<Result<void>> send(std::string_view commands, Duration patience);
  // What is not written down as it is: content, secrets. `shown` stands for it; "" for nothing.
  io::Task<Result<void>> send_unseen(std::string_view octets, std::string_view shown,
                                     Duration patience);
  // From now on no reply shows these octets, wherever it goes: a server that does not understand a
  // login may repeat it.
  void withhold(Secret secret);
  // The next reply, whoever asked for it.
  io::Task<Result<smtp::Reply>> read_reply(Duration patience);
  // Sends `command`, which ends in CRLF, and reads one reply; `patience` for each.
  io::Task<Result<smtp::Reply>> ask(std::string command, Duration patience);

  // Octets that came behind the last reply. Before a handshake there may be none: they would be
  // taken for part of what is then protected (STARTTLS injection). Between two messages there may
  // be none either: they would be taken for replies to commands that are still to come.
  bool has_unread_octets() const { return begin_ < end_; }
  // For the handshake: the conversation goes on over the stream that comes of it.
  std::unique_ptr<io::Stream> take_stream() { return std::move(stream_); }
  void continue_over(std::unique_ptr<io::Stream> stream) { stream_ = std::move(stream); }
  // Null while a handshake has it, and after one that failed.
  io::Stream* stream() { return stream_.get(); }

 private:
  void take_out_secrets(smtp::Reply& reply) const;
  void show(const smtp::Reply& reply);

  io::Loop& loop_;
  std::unique_ptr<io::Stream> stream_;
  AttemptLog* log_ = nullptr;
  smtp::ReplyReader reader_;
  std::vector<Secret> withheld_;
  std::array<char, 4096> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace waypost::delivery
