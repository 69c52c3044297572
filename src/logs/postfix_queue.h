#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "logs/log_event.h"
#include "logs/mta_lines.h"

namespace waypost::logs {

// What lines of Postfix say of earlier ones. Mail that is given up has one line with its queue id,
// which names nobody: its recipients are those that were put off last. Mail that was handed to a
// program of this host is counted as delivered, and no more when the log tells it again under the
// id that this program was answered: then the program was a filter. One thread.
class PostfixQueue {
 public:
  static constexpr size_t recipients_max =
      100'000;  // of those that wait; beyond it all are forgotten
  static constexpr size_t handed_max = 100'000;

  // Adds what the line tells to `events`, the texts that they point into to `texts`.
  void add(const PostfixLine& line, std::vector<LogEvent>& events, std::deque<std::string>& texts);

 private:
  struct Waiting {
    std::string host;
    std::string reply;
  };
  struct Handed {
    std::string time;
    std::string recipient;
    std::string host;
  };
  struct Told {
    std::vector<LogEvent>& events;
    std::deque<std::string>& texts;
  };

  void keep_waiting(const PostfixLine& line);
  void forget_waiting(const PostfixLine& line);
  void give_up(const PostfixLine& line, Told told);
  void take_back(std::string_view queue_id, Told told);
  bool was_seen(std::string_view queue_id) const;

  // By queue id, then by recipient.
  std::unordered_map<std::string, std::map<std::string, Waiting, std::less<>>> waiting_;
  size_t recipients_ = 0;
  std::unordered_map<std::string, std::vector<Handed>> handed_;  // by the id that was answered
  // The last ids that were told of: what leaves a filter may be told before what went in.
  std::array<size_t, 256> seen_{};
  size_t seen_next_ = 0;
};

}  // namespace waypost::logs
