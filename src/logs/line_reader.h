#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "logs/log_event.h"

namespace waypost::logs {

inline constexpr size_t line_octets_max = 256 * 1024;  // longer lines are cut

// Reads lines of any of the forms that are known; which one is found out line by line, so that a
// file may mix them. Keeps what a dialogue of client and server needs. One thread.
class LineReader {
 public:
  // The outcomes that the line tells, none for most lines. Valid until the next call.
  const std::vector<LogEvent>& read(std::string_view line);

  uint64_t lines() const { return lines_; }

 private:
  void read_json(std::string_view line);
  bool read_dialogue(std::string_view line);
  void said_by_server(std::string_view line, std::string_view text);

  uint64_t lines_ = 0;
  std::vector<LogEvent> events_;
  std::deque<std::string> texts_;  // what the events' views point into, where it is not the line
  // Of a dialogue.
  std::string recipient_;
  std::string reply_;  // lines of a reply that goes on
  bool at_dot_ = false;
  bool in_dialogue_ = false;
};

}  // namespace waypost::logs
