#pragma once

#include <string_view>

namespace waypost::dashboard {

// One file of the dashboard. Its views live for ever.
struct File {
  std::string_view path;  // as a browser asks for it: "/assets/index-4f2a.js"
  std::string_view octets;
  std::string_view gzip;  // the same, as gzip makes it; empty: it is only sent as it is
};

}  // namespace waypost::dashboard
