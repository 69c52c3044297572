#pragma once

#include <boost/json/object.hpp>

#include "explain/answer.h"

namespace waypost::explain {

// The object that `waypost explain --json` prints for a reply. Its keys are stable.
boost::json::object to_json(const Answer& answer);

}  // namespace waypost::explain
