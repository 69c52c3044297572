#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "base/result.h"
#include "queue/asked_limit.h"

// The limits that people set, as they come over the control socket (docs/format/control.md).
// Failures are ErrorCode::invalid_input, with a message for people. Pure.
namespace waypost::daemon {

// It limits something, for a time that ends.
Result<queue::AskedLimit> parse_limit_request(const boost::json::object& request, WallTime now);

struct LiftRequest {
  std::string site;
  std::string by;
};
Result<LiftRequest> parse_lift_request(const boost::json::object& request);

// The reverse of api::to_json().
Result<queue::AskedLimit> parse_asked_limit(const boost::json::object& object);

}  // namespace waypost::daemon
