#pragma once

#include <string>

#include "doctor/rungs.h"

namespace waypost::doctor {

// Why there was no answer about a name, by asking the name servers once more, one by one: dead
// (M1004), bogus (M1003), or unable to answer (M1005).
io::Task<Finding> explain_name_failure(Context& context, std::string name, Error error);

}  // namespace waypost::doctor
