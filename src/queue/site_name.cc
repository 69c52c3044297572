#include "queue/site_name.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"

namespace waypost::queue {

Result<std::string> parse_site_name(std::string_view text) {
  if (text.empty() || text.size() > site_name_octets_max)
    return failure(ErrorCode::invalid_input,
                   fmt::format("the name of a site has 1 to {} octets", site_name_octets_max));
  if (!base::is_utf8(text) || std::any_of(text.begin(), text.end(), base::is_control))
    return failure(ErrorCode::invalid_input,
                   "the name of a site is UTF-8 without control characters");
  const size_t host_octets = std::min(text.find('/'), text.size());
  return base::to_lower(text.substr(0, host_octets)) + std::string(text.substr(host_octets));
}

}  // namespace waypost::queue
