#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace waypost::doctor {

// HOST, HOST:PORT, [ADDRESS]:PORT. What is no port stays in the host, so that the doctor can say
// what is odd about it.
struct Target {
  std::string host;
  std::optional<uint16_t> port;
};
Target parse_target(std::string_view text);

}  // namespace waypost::doctor
