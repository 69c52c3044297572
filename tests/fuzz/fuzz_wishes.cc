#include <cstdint>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "intake/wishes.h"

using namespace waypost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const message::HeaderBlock header = message::scan_header_block(octets);
  const auto wishes = intake::read_wishes(header);
  if (!wishes) {
    CHECK(wishes.error().code == 554);
    CHECK(wishes.error().text().find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    return 0;
  }
  CHECK(wishes->stream.size() <= intake::stream_name_octets_max);
  CHECK(wishes->stream == base::to_lower(wishes->stream));
  if (wishes->expire_after)
    CHECK(*wishes->expire_after >= intake::expire_after_min &&
          *wishes->expire_after <= intake::expire_after_max);
  return 0;
}
