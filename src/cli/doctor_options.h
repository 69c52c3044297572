#pragma once

#include <functional>
#include <string>

#include <CLI/App.hpp>

#include "cli/doctor_command.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct DoctorLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  DoctorArguments arguments;
  unsigned port = 0;
  std::string refused;  // a password where every user of the machine can read it
};

void add_doctor_command(CLI::App& app, DoctorLine& line);

}  // namespace waypost::cli
