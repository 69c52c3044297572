#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace waypost::cli {

// `waypost sendmail`, and the program under the names sendmail, mailq and newaliases. The exit code
// is one of sysexits.h: 0 the message is on stable storage, 64 wrong call, 65 wrong message or
// address, 69 too large, 75 later, 77 rights, 78 configuration.
int sendmail_command(Global global, const std::string& program,
                     const std::vector<std::string>& arguments);

}  // namespace waypost::cli
