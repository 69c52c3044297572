#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "spool/envelope_codec.h"

using waypost::MessageId;
namespace spool = waypost::spool;

// What is read can be written, and reads the same again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (auto envelope = spool::decode_envelope(MessageId(), octets)) {
    auto written = spool::encode(*envelope);
    CHECK(written);
    auto again = spool::decode_envelope(MessageId(), *written);
    CHECK(again);
    CHECK(spool::encode(*again) == *written);
  }
  if (auto progress = spool::decode_progress(octets)) {
    auto written = spool::encode(*progress);
    CHECK(written);
    CHECK(spool::encode(*spool::decode_progress(*written)) == *written);
  }
  return 0;
}
