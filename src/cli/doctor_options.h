#pragma once

#include <functional>

#include <CLI/App.hpp>

#include "cli/doctor_command.h"

namespace waypost::cli {

// What those options write into; lives as long as the parser.
struct DoctorLine {
  const Global& global;
  std::function<int()>& command;  // the one that was chosen
  DoctorArguments arguments;
  unsigned port = 0;
};

void add_doctor_command(CLI::App& app, DoctorLine& line);

}  // namespace waypost::cli
