#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/utf8.h"
#include "events/event.h"

using waypost::events::Event;
using waypost::events::parse_json_line;
using waypost::events::to_json_line;

// Whatever parses must be written as one line that parses to the same event again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view line(reinterpret_cast<const char*>(data), size);
  const waypost::Result<Event> event = parse_json_line(line);
  if (!event) {
    CHECK(event.error().code() == waypost::ErrorCode::corrupt);
    return 0;
  }
  const std::string written = to_json_line(*event);
  CHECK(written.find_first_of("\r\n") == std::string::npos);
  CHECK(waypost::base::is_utf8(written));
  const waypost::Result<Event> again = parse_json_line(written);
  CHECK(again);
  CHECK(to_json_line(*again) == written);
  return 0;
}
