#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"

namespace waypost::cli {

// What `waypost doctor` was told. Text as it was written: nothing is trimmed.
struct DoctorArguments {
  std::string target;         // HOST, HOST:PORT, DOMAIN; "" with `to` or `settings`, or to be asked
  std::string settings_file;  // another program's; what is given besides replaces what it says
  std::optional<unsigned> port;
  std::string encryption;  // "implicit", "starttls", "none"; "" for what fits the port
  std::string user;
  std::string password_file;
  std::optional<int> password_descriptor;
  std::string mechanism;
  bool oauth = false;  // the password is an access token
  std::string from;
  std::string to;
  std::string hello;
  bool send = false;
  std::string seeds_file;  // our own mailboxes, that are looked into
  bool patient = false;
  bool v4_only = false;
  bool v6_only = false;
  bool json_lines = false;
  bool nagios = false;
  bool markdown = false;
  bool facts = false;  // -v twice: what was learnt on each step
};

// Walks the ladder and prints the report; the exit code is that of docs/operate/doctor.md: 0, 11 to
// 16 for the broken rung, 2 for what could not be tested, 75 for what may pass by itself.
int doctor_command(const Global& global, DoctorArguments arguments);

}  // namespace waypost::cli
