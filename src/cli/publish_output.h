#pragma once

#include <string>

#include "cli/domain_setup.h"
#include "publish/flows.h"

namespace waypost::cli {

// Prints a plan in the form that was asked for, or as JSON with the domain's keys.
void print_plan(const Global& global, const std::string& format, const publish::Plan& plan,
                const domains::SendingDomain& domain);

// Says what became of an update, and returns the exit code: 0 the zone has all of it, 1 the server
// or a record refused, 2 nobody knows.
int report_update(const Global& global, const Result<publish::Publication>& made,
                  const UpdateTarget& target, const domains::SendingDomain& domain);

}  // namespace waypost::cli
