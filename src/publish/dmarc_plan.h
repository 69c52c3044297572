#pragma once

#include "publish/plan.h"

namespace waypost::publish {

// Adds the DMARC record of the domain to the plan, or the problem that keeps it from being planned.
void plan_dmarc(Plan& plan, const Needs& needs, const Published& published);

}  // namespace waypost::publish
