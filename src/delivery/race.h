#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "base/ip_address.h"
#include "delivery/dialer.h"
#include "io/loop.h"
#include "io/task_group.h"

namespace waypost::delivery {

// The order in which a host's addresses are tried: the families take turns, beginning with the
// first list's (RFC 8305 §4).
std::deque<IpAddress> interleave(const std::vector<IpAddress>& first,
                                 const std::vector<IpAddress>& second);

// Connects to the first of several addresses that answers (RFC 8305 §5): the next one is tried when
// one has failed, or has not answered within a head start. At most two are on their way at a time,
// so that an attempt never has more than two descriptors; what comes second is closed, before run()
// returns. Thread: the loop's.
class Race {
 public:
  static constexpr Duration head_start = std::chrono::milliseconds(250);
  static constexpr size_t at_a_time_max = 2;

  struct Rules {
    uint16_t port = 25;
    Duration timeout;  // for each
  };
  struct Result {
    IpAddress address;  // that won, or that failed and has most to say
    Dialed stream;
  };

  Race(io::Loop& loop, Dialer& dialer, Rules rules) : loop_(loop), dialer_(dialer), rules_(rules) {}

  // Takes off `addresses`, which is not empty, what was tried, at most `tries_left`, and counts
  // that down. An address that was called off because another was faster stays in it.
  io::Task<Result> run(std::deque<IpAddress>& addresses, unsigned& tries_left);

 private:
  struct Runner {
    IpAddress address;
    io::Cancellation cancellation;
    bool running = true;
  };
  io::Task<void> connect(Runner& runner);
  void note_failure(const IpAddress& address, DialFailure failure);
  // Until a runner has ended or, with somebody left to start, the head start is over.
  io::Task<void> wait(bool others_left);
  void ended();
  size_t running() const;

  io::Loop& loop_;
  Dialer& dialer_;
  Rules rules_;
  std::vector<std::unique_ptr<Runner>> runners_;
  Runner* winner_ = nullptr;
  std::unique_ptr<io::Stream> stream_;
  IpAddress failed_address_;
  std::optional<DialFailure> failed_;
  io::Completion<bool>* waiter_ = nullptr;
  io::TaskGroup group_;
};

}  // namespace waypost::delivery
