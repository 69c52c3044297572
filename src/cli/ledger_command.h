#pragma once

#include "cli/terminal.h"

namespace waypost::cli {

// What became of every accepted recipient, by day of acceptance, and whether the sum is right:
// accepted = delivered + bounced + expired + suppressed + cancelled + queued. Exit code 1 when it
// is not, with the recipients that make the difference; 2 when that is not known.
int ledger_command(const Global& global);

}  // namespace waypost::cli
