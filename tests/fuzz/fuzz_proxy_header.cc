#include <algorithm>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "submission/proxy_header.h"

using namespace waypost::submission;

// However the octets arrive, the header is the same: what was taken or refused stays so when more
// comes, and nothing is taken that has not come.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t cuts_max = 300;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto whole = take_proxy_header(octets);
  if (!whole) CHECK(whole.error().code() == waypost::ErrorCode::protocol);
  if (whole) CHECK(whole->octets <= std::min(size, proxy_header_octets_max));
  for (size_t cut = 0; cut < std::min(size, cuts_max); ++cut) {
    const auto part = take_proxy_header(octets.substr(0, cut));
    if (!part) {
      CHECK(!whole);
      return 0;
    }
    if (part->octets == 0) continue;
    CHECK(whole && whole->octets == part->octets);
    CHECK(whole->header.client == part->header.client);
    return 0;
  }
  return 0;
}
