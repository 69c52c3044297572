#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mailauth/sts_record.h"

using namespace waypost;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto record = mailauth::parse_sts_record(text);
  CHECK(!(mailauth::is_sts_record(text) && mailauth::is_nearly_sts_record(text)));
  if (!record) {
    CHECK(record.error().code() == ErrorCode::invalid_input &&
          record.error().message().size() < 500);
    return 0;
  }
  CHECK(mailauth::is_sts_record(text) && record->text == text);
  CHECK(!record->id.empty() && record->id.size() <= 32);
  // The id alone means the same.
  const auto again = mailauth::parse_sts_record("v=STSv1; id=" + record->id);
  CHECK(again && again->id == record->id);
  return 0;
}
