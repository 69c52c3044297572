#pragma once

#include <string>

#include <boost/json/object.hpp>
#include <tl/expected.hpp>

#include "base/time.h"
#include "cli/terminal.h"

namespace waypost::cli {

// The running relay's answer of one object; where there is none, what that means was told, and the
// exit code is left to return.
tl::expected<boost::json::object, int> ask_for_object(const Global& global,
                                                      const std::string& request,
                                                      Duration patience);

}  // namespace waypost::cli
