#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "intake/drop_commands.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  constexpr size_t recipients_max = 5;
  const auto commands = waypost::intake::parse_drop_commands(octets, recipients_max);
  if (!commands) return 0;
  CHECK(commands->octets <= size && octets.substr(0, commands->octets).ends_with("\r\n"));
  CHECK(!commands->recipients.empty() && commands->recipients.size() <= recipients_max);
  return 0;
}
