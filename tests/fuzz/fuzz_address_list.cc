#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "message/address_list.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto addresses = waypost::message::parse_address_list(octets);
  if (!addresses) return 0;
  size_t total = 0;
  for (const std::string& address : *addresses) {
    CHECK(!address.empty());
    total += address.size();
  }
  CHECK(total <= size);
  return 0;
}
