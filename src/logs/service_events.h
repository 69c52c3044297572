#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "logs/log_event.h"

namespace waypost::logs {

// An outcome with texts of its own.
struct ServiceEvent {
  Fate fate = Fate::delivered;
  std::string time;
  std::string recipient;
  std::string host;
  std::string reply;
};

// A line of JSON, an object or a list of them: events of SendGrid, Mailgun, Amazon SES (also inside
// of a notification of SNS), Postmark, and of Waypost's own log. Objects of other kinds, and what
// is no JSON, are passed over.
std::vector<ServiceEvent> read_service_events(std::string_view line);

}  // namespace waypost::logs
