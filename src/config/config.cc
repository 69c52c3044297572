#include "config/config.h"

#include <algorithm>

#include <fmt/format.h>

namespace waypost::config {

std::string Origin::text() const {
  return is_built_in() ? "built-in default" : fmt::format("{}:{}", file, line);
}

std::vector<base::IpPrefix> own_machine() {
  return {*base::IpPrefix::parse("127.0.0.0/8"), *base::IpPrefix::parse("::1")};
}

std::vector<base::IpPrefix> inner_addresses() {
  std::vector<base::IpPrefix> all;
  for (const char* network : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/128",
                              "::1/128", "fe80::/10", "ff00::/8"})
    all.push_back(*base::IpPrefix::parse(network));
  return all;
}

}  // namespace waypost::config
