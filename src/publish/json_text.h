#pragma once

#include <string>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

// Octets from outside as JSON strings: what is no UTF-8 is replaced.
namespace waypost::publish {

// null when it is empty.
boost::json::value text(const std::string& octets);
boost::json::array texts(const std::vector<std::string>& all);

}  // namespace waypost::publish
