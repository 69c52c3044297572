#pragma once

#include <optional>
#include <string>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "base/time.h"
#include "queue/command.h"
#include "queue/pause.h"

// What people ask of the queue, as it comes over the control socket (docs/format/control.md). A key
// that is not known is refused, never passed over: it could have narrowed what is meant. Failures
// are ErrorCode::invalid_input, with a message for people. Pure.
namespace waypost::daemon {

inline constexpr size_t command_reason_octets_max = 500;

struct ListRequest {
  queue::Selector selector;  // nothing set: all
  uint64_t limit = 0;
};

Result<ListRequest> parse_list_request(const boost::json::object& request);
Result<MessageId> parse_show_request(const boost::json::object& request);
// Its selector selects something.
Result<queue::Command> parse_act_request(const boost::json::object& request);
Result<queue::Pause> parse_pause_request(const boost::json::object& request, WallTime now);
Result<queue::Scope> parse_resume_request(const boost::json::object& request);

// The reverse of api::to_json().
Result<queue::Pause> parse_pause(const boost::json::object& object);

}  // namespace waypost::daemon
