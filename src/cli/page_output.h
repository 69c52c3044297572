#pragma once

#include <boost/json/value.hpp>

#include "cli/terminal.h"
#include "explain/page.h"

namespace waypost::cli {

// A page on standard output, its tones as colours where there are any.
void show(const explain::Page& page, const Global& global);
// One line of JSON.
void print_json(const boost::json::value& value);

}  // namespace waypost::cli
