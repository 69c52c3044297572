#include "submission/shown_login.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::submission {
namespace {

constexpr size_t login_octets_max = 64;
constexpr std::string_view secret_prefix = "wp_";

bool is_login_octet(char c) {
  return base::is_alnum(c) || c == '.' || c == '_' || c == '@' || c == '-';
}

}  // namespace

std::string shown_login(std::string_view tried) {
  const bool is_shown = tried.size() <= login_octets_max && !tried.starts_with(secret_prefix) &&
                        std::all_of(tried.begin(), tried.end(), is_login_octet);
  return is_shown ? std::string(tried) : std::string();
}

}  // namespace waypost::submission
