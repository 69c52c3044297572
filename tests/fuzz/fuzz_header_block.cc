#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "message/header_block.h"

using namespace waypost::message;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const HeaderBlock block = scan_header_block(octets);
  size_t offset = 0;
  for (const HeaderField& field : block.fields) {
    CHECK(field.offset == offset && field.octets > field.name.size() && !field.name.empty());
    CHECK(octets.substr(offset, field.octets).starts_with(field.name));
    CHECK(field.value.empty() ||
          (field.value.data() > octets.data() + offset &&
           field.value.data() + field.value.size() <= octets.data() + offset + field.octets));
    CHECK(unfold(field.value).find_first_of("\r\n") == std::string::npos);
    CHECK(block.find(field.name) != nullptr);
    offset += field.octets;
  }
  CHECK(block.fields.size() <= header_fields_max);
  CHECK(block.body_offset >= offset && block.body_offset <= octets.size());
  CHECK(block.body_offset - offset <= 2);
  return 0;
}
