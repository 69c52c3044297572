#pragma once

#include <boost/json/object.hpp>

#include "explain/page.h"
#include "logs/summary.h"

namespace waypost::explain {

// What a log comes to: how much was delivered, and each cause of failure, the worst first, with its
// share, an example, who must act and the fix. At most `causes_max` causes are shown.
Page log_page(const logs::Summary& summary, const classify::RuleBook& book, size_t causes_max);

// The same for programs, with all causes. Its keys are stable.
boost::json::object log_json(const logs::Summary& summary, const classify::RuleBook& book);

}  // namespace waypost::explain
