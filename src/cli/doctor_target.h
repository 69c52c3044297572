#pragma once

#include "base/result.h"
#include "cli/doctor_command.h"
#include "doctor/walk.h"

namespace waypost::cli {

// `base`, what a settings file says, with what the arguments say instead; the password is not among
// those. Fails with invalid_input and a text for people when they contradict each other.
Result<doctor::Request> doctor_request(const DoctorArguments& arguments, doctor::Request base);

}  // namespace waypost::cli
