#pragma once

#include <boost/json/object.hpp>

#include "queue/selector.h"
#include "queue/standing.h"

namespace waypost::cli {

// A recipient that waits, as `--json` shows it (docs/format/control.md).
boost::json::object standing_json(const queue::Standing& standing);

// Which recipients, as the relay's requests say it.
boost::json::object selector_json(const queue::Selector& selector);

}  // namespace waypost::cli
