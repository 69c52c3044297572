#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "publish/flows.h"

// Plans and what was seen of them, as the command line and the API answer them.
namespace waypost::publish {

boost::json::object record_json(const WantedRecord& record, const std::string& domain);
boost::json::object plan_json(const Plan& plan);
// With each record's observations beside it, and whether receivers see all.
boost::json::object verification_json(const Verification& verification);

}  // namespace waypost::publish
