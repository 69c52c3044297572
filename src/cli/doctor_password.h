#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"

namespace waypost::cli {

// From the file, else from WAYPOST_PASSWORD, else asked for on the terminal, without showing it.
// Octet for octet, but for one line end at the end of a file or an answer. Fails where there is no
// terminal to ask on.
Result<Secret> doctor_password(const std::string& file);

// One line that a person types; fails at the end of input.
Result<std::string> ask_on_terminal(const std::string& question);

}  // namespace waypost::cli
