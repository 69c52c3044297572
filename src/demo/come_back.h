#pragma once

#include <deque>
#include <string>

#include "base/ip_address.h"
#include "demo/persona.h"
#include "io/asio_loop.h"
#include "io/task_group.h"
#include "smtp/reply.h"

namespace waypost::demo {

// What a provider sends back for a message that it took.
struct ComeBack {
  enum class Kind : uint8_t {
    bounce,     // a DSN to the reverse-path
    complaint,  // a feedback report (RFC 5965) to whom the sender named for it
  };
  Kind kind = Kind::bounce;
  const Persona* from = nullptr;
  std::string recipient;
  std::string reverse_path;
  std::string header;  // of the message
  smtp::Reply reply;   // why it bounced
};

// As a message with CRLF, ready for DATA.
std::string text_of(const ComeBack& back, const std::string& complaints_to, WallTime at);

// Carries it to the relay, a little later, as any server would. Thread: the loop's.
class ComeBackPost {
 public:
  // `complaints_to` takes feedback reports.
  ComeBackPost(io::AsioLoop& loop, std::string complaints_to)
      : loop_(loop), complaints_to_(std::move(complaints_to)) {}

  void add(ComeBack back);
  // From now on it is carried to this server.
  void start(Endpoint relay);
  // What was not carried yet is dropped.
  io::Task<void> stop();

  size_t waiting() const { return waiting_.size(); }

  static constexpr Duration after = std::chrono::seconds(3);

 private:
  struct Due {
    Instant at;
    ComeBack back;
  };
  io::Task<void> carry_all(Endpoint relay);
  io::Task<Result<void>> carry(Endpoint relay, const ComeBack& back) const;

  io::AsioLoop& loop_;
  const std::string complaints_to_;
  std::deque<Due> waiting_;
  bool ended_ = false;
  io::TaskGroup tasks_;
};

}  // namespace waypost::demo
