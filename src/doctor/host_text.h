#pragma once

#include <string>
#include <string_view>

namespace waypost::doctor {

// What is odd about a host name as it was written.
struct HostText {
  std::string clean;      // what was probably meant
  std::string invisible;  // what is in it that nobody sees: "a space at the end"; empty for none
  std::string foreign;    // what makes it another kind of thing: "a URL"; empty for none
  std::string bad_port = {};   // what stands as a port behind it, and is none: "58O7"
  std::string with_dots = {};  // where a comma may stand for a dot: "smtp.example.com"
};

HostText examine_host(std::string_view written);

// Whether a name is easily taken for a provider's, and is not below the same domain. Such names are
// registered to collect passwords, and their certificates hold.
bool may_be_a_strangers(std::string_view host);

// Not loopback, private or link-local (RFC 6890). What is no address counts as public.
bool is_public_text(std::string_view address);

}  // namespace waypost::doctor
