#pragma once

#include <boost/json/object.hpp>

#include "queue/pause.h"

namespace waypost::api {

// {"scope": "domain", "name": "example.net", "by", "reason", "since", and "until" if it has one}:
// for the control socket, the API and the file of pauses.
boost::json::object to_json(const queue::Pause& pause);

}  // namespace waypost::api
