#pragma once

#include <string>
#include <utility>
#include <vector>

namespace waypost::web {

// An HTTP request, whole and within the server's limits; everything in it is hostile.
struct Request {
  std::string method;  // "GET"; as the client spelled it
  std::string path;    // "/readyz", before any "?"; not decoded
  std::string query;   // behind the "?", without it
  std::vector<std::pair<std::string, std::string>> fields;  // names in lower case
  std::string body;
};

struct Response {
  unsigned code = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> fields = {};  // besides those that every one has
};

}  // namespace waypost::web
