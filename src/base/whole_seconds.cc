#include "base/whole_seconds.h"

namespace waypost::base {

std::string to_whole_seconds(WallTime time) {
  const std::string full = to_rfc3339(time);
  return full.substr(0, full.find('.')) + "Z";
}

}  // namespace waypost::base
