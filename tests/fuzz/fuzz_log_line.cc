// Lines of a log, by one reader: a dialogue goes over several.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "logs/line_reader.h"
#include "logs/log_source.h"
#include "logs/summary.h"

using namespace waypost::logs;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view octets(reinterpret_cast<const char*>(data), size);
  LineReader reader;
  const waypost::WallTime now = *waypost::base::parse_rfc3339("2026-11-22T00:00:00Z");
  auto more = [&]() -> waypost::Result<std::string_view> { return std::exchange(octets, {}); };
  (void)for_each_log_line(more, [&](std::string_view line) {
    for (const LogEvent& event : reader.read(line)) {
      CHECK(event.recipient.size() <= line_octets_max * 2);
      parse_line_time(event.time, now);
    }
    return true;
  });
  return 0;
}
