#pragma once

#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "explain/answer.h"

namespace waypost::explain {

// The object that `waypost explain --json` prints for a reply. Its keys are stable.
boost::json::object to_json(const Answer& answer);

// What is no UTF-8 in it is replaced; null for an empty text.
boost::json::value text_or_null(std::string_view text);

}  // namespace waypost::explain
