#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "domains/key_changes.h"

// As the command line and the API answer it; never a key itself.
namespace waypost::domains {

boost::json::array keys_json(const SendingDomain& domain);
// {"domain", "gone", "retired"}
boost::json::object leaving_json(const SendingDomain& domain, const Leaving& leaving);

}  // namespace waypost::domains
