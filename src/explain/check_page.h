#pragma once

#include <boost/json/object.hpp>

#include "checks/catalogue.h"
#include "explain/page.h"

namespace waypost::explain {

// All that is known behind an id of `doctor`, with the places of its texts in capitals: what it
// sees, what that means, what hides it, each fix with the line to change in each program.
Page check_page(const checks::Check& check);
boost::json::object check_json(const checks::Check& check);

}  // namespace waypost::explain
