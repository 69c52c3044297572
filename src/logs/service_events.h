#pragma once

#include <optional>
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

// A document of JSON, an object or a list of them: events of SendGrid, Mailgun, Amazon SES (also
// inside of a notification of SNS, of a call of Lambda or an event of EventBridge), Postmark (also
// its list of bounces), and of Waypost's own log. Objects of other kinds are passed over. None when
// it is no JSON.
std::optional<std::vector<ServiceEvent>> read_service_events(std::string_view document);

}  // namespace waypost::logs
