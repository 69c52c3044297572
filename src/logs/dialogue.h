#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "logs/log_event.h"

namespace waypost::logs {

// What PHPMailer ("CLIENT -> SERVER: ", also as HTML or through PHP's error log) and Nodemailer
// ("C:
// ", "S: ") print of their sessions. Nodemailer's sessions run side by side, each with an id; every
// id has its own state. One thread.
class Dialogues {
 public:
  static constexpr size_t sessions_max = 1000;
  static constexpr size_t reply_octets_max = 8192;

  // Whether the line belongs to a dialogue. The outcomes that it tells are added to `events`, the
  // texts that they point into to `texts`.
  bool read(std::string_view line, std::vector<LogEvent>& events, std::deque<std::string>& texts);

 private:
  struct Session {
    std::string recipient;
    std::string reply;  // lines of a reply that goes on
    bool at_dot = false;
    bool is_asking = false;    // what is refused now says nothing of a message
    bool was_refused = false;  // the last command
  };

  struct Told {
    std::vector<LogEvent>& events;
    std::deque<std::string>& texts;
  };

  Session& session(std::string_view id);
  void said_by_client(Session& session, std::string_view text);
  void said_by_server(Session& session, std::string_view time, std::string_view text, Told told);
  bool read_marked(std::string_view line, bool is_html, Told told);

  std::unordered_map<std::string, Session> sessions_;
  Session* goes_on_ = nullptr;  // whose reply the last line left open
};

}  // namespace waypost::logs
