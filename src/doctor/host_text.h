#pragma once

#include <string>
#include <string_view>

namespace waypost::doctor {

// What is odd about a host name as it was written.
struct HostText {
  std::string clean;      // what was probably meant
  std::string invisible;  // what is in it that nobody sees: "a space at the end"; empty for none
  std::string foreign;    // what makes it another kind of thing: "a URL"; empty for none
};

HostText examine_host(std::string_view written);

// Not reachable from the internet: loopback, private, link-local, documentation (RFC 6890).
bool is_public_text(std::string_view address);

}  // namespace waypost::doctor
