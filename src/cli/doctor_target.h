#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/doctor_command.h"
#include "doctor/walk.h"

namespace waypost::cli {

// HOST, HOST:PORT, [ADDRESS]:PORT. What is no port stays in the host, so that the doctor can say
// what is odd about it.
struct DoctorTarget {
  std::string host;
  std::optional<uint16_t> port;
};
DoctorTarget parse_doctor_target(std::string_view text);

// `base`, what a settings file says, with what the arguments say instead; the password is not among
// those. Fails with invalid_input and a text for people when they contradict each other.
Result<doctor::Request> doctor_request(const DoctorArguments& arguments, doctor::Request base);

}  // namespace waypost::cli
