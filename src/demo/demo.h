#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/time.h"

namespace waypost::demo {

struct Options {
  // None: until SIGINT or SIGTERM. Zero: until the first mail is settled. Otherwise mail comes for
  // three quarters of this time, and it ends when all is settled, but no later than this.
  std::optional<Duration> run_for;
  unsigned messages = 200;
  uint64_t seed = 1;             // the same mail in the same order, the same answers
  std::optional<uint16_t> port;  // of the submission service; none: 1025, or a free one
  bool color = false;
  bool opens_browser = false;  // at the dashboard
  // Prints what `waypost trace` prints; called on another thread.
  std::function<void(const std::string& config_file, const std::string& id)> trace;
};

// `waypost demo`: the real relay, with a certificate, a key and a configuration made for it, sends
// mail to pretend providers on loopback; names are answered from the configuration, so that nothing
// leaves the machine. Prints progress to standard error, and to standard output a summary by
// provider and the trace of one message. Returns the exit code.
int run(Options options);

}  // namespace waypost::demo
