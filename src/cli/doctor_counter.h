#pragma once

#include <string>

#include "doctor/evidence.h"
#include "io/loop.h"
#include "io/timer.h"

namespace waypost::cli {

// What a person is shown who waits: "  4 s: no answer to EHLO client.example.org yet". `last` is
// what happened last; null before anything did.
std::string waiting_line(const doctor::Evidence* last, Duration waited);

// A line on standard error that counts the seconds of a wait, from the second one on, and goes away
// when something happens. Thread: the loop's.
class WaitCounter {
 public:
  // `shown` false: it never says anything.
  WaitCounter(io::Loop& loop, const doctor::EvidenceLog& evidence, bool shown);
  // Takes the line away; before anything else is said.
  void stop();

 private:
  void tick();
  void clear();

  io::Loop& loop_;
  const doctor::EvidenceLog& evidence_;
  io::Timer timer_;
  size_t columns_ = 0;  // of what stands there now
};

}  // namespace waypost::cli
