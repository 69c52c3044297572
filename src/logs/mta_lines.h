#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "logs/log_event.h"

// The lines by which mail servers tell what became of one recipient. Each reader takes one line
// without its end, and answers none for every other line.
namespace waypost::logs {

// Of smtp(8), lmtp(8), local(8) and others, and that of qmgr(8) when it gives up.
struct PostfixLine {
  LogEvent event;
  std::string_view queue_id;
  std::string_view handed_id;  // of what a program of this host answered: its id there
  bool is_given_up = false;    // all recipients that wait; `event` names none
};
std::optional<PostfixLine> read_postfix_line(std::string_view line);

std::optional<LogEvent> read_exim_line(std::string_view line);       // main log, or syslog
std::optional<LogEvent> read_opensmtpd_line(std::string_view line);  // syslog, version 6 and later
// Of syslog; one line may tell of several recipients, each of which is added.
void read_sendmail_line(std::string_view line, std::vector<LogEvent>& events);

// The time at the start of a line: of syslog ("Nov 22 03:04:05"), RFC 3339, Exim's or that of PHP's
// error log ("22-Nov-2026 03:04:05"); empty: none.
std::string_view time_of_line(std::string_view line);

}  // namespace waypost::logs
