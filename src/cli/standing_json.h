#pragma once

#include <boost/json/object.hpp>

#include "queue/standing.h"

namespace waypost::cli {

// A recipient that waits, as `--json` shows it (docs/format/control.md).
boost::json::object standing_json(const queue::Standing& standing);

}  // namespace waypost::cli
