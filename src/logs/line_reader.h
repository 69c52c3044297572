#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "logs/dialogue.h"
#include "logs/log_event.h"
#include "logs/postfix_queue.h"

namespace waypost::logs {

inline constexpr size_t line_octets_max = 4 << 20;      // longer lines are cut
inline constexpr size_t document_octets_max = 4 << 20;  // of JSON on several lines

// Reads lines of any of the forms that are known; which one is found out line by line, so that a
// file may mix them. Keeps what a dialogue of client and server needs. One thread.
class LineReader {
 public:
  // The outcomes that the line tells, none for most lines. Valid until the next call.
  const std::vector<LogEvent>& read(std::string_view line);

  uint64_t lines() const { return lines_; }

 private:
  bool read_json(std::string_view line);
  bool read_document(std::string_view text);

  uint64_t lines_ = 0;
  std::vector<LogEvent> events_;
  std::deque<std::string> texts_;  // what the events' views point into, where it is not the line
  std::string document_;           // the lines of JSON that has begun
  Dialogues dialogues_;
  PostfixQueue postfix_;
};

}  // namespace waypost::logs
