#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace waypost::cli {

// Where a password is to be had; what is not named here is not asked.
struct PasswordPlace {
  std::string file;
  std::optional<int> descriptor;
  bool is_token = false;  // for the prompt
};

// From the file or the descriptor, else from WAYPOST_PASSWORD, else asked for on the terminal,
// without showing it. Octet for octet, but for one line end at the end of a file or an answer, and
// at most 64 KiB. Fails where there is no terminal to ask on.
Result<Secret> doctor_password(const PasswordPlace& place);

// One line that a person types; fails at the end of input.
Result<std::string> ask_on_terminal(const std::string& question);

}  // namespace waypost::cli
