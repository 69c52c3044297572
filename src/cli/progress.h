#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "cli/terminal.h"
#include "io/clock.h"

namespace waypost::cli {

// How far long work is, on standard error: a line that is written over each second on a terminal,
// else one every half a minute; nothing with --quiet.
class Progress {
 public:
  explicit Progress(const Global& global);
  // Takes its line away.
  ~Progress();
  void show(std::string_view text);

 private:
  const bool quiet_;
  const bool terminal_;
  io::SystemClock clock_;
  Instant shown_at_;
  bool shown_ = false;
};

// "1.2 GB", "312 octets".
std::string octets_text(uint64_t octets);

}  // namespace waypost::cli
