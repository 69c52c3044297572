#include "publish/json_text.h"

#include "base/utf8.h"

namespace waypost::publish {

namespace json = boost::json;

json::value text(const std::string& octets) {
  if (octets.empty()) return nullptr;
  return json::string(base::to_valid_utf8(octets));
}

json::array texts(const std::vector<std::string>& all) {
  json::array array;
  for (const std::string& one : all) array.push_back(text(one));
  return array;
}

}  // namespace waypost::publish
