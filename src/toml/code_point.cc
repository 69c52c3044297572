#include "toml/code_point.h"

#include <cstdint>

namespace waypost::toml {
namespace {

size_t octets_announced(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

bool is_legal(char32_t value, size_t octets) {
  if (octets == 3) return value >= 0x800 && !(value >= 0xd800 && value <= 0xdfff);
  if (octets == 4) return value >= 0x10000 && value <= 0x10ffff;
  return true;
}

}  // namespace

CodePoint decode(std::string_view text, size_t at) {
  auto lead = static_cast<uint8_t>(text[at]);
  size_t octets = octets_announced(lead);
  if (octets == 0 || at + octets > text.size()) return {lead, 1, false};
  char32_t value = octets == 1 ? lead : lead & (0x7fu >> octets);
  for (size_t i = 1; i < octets; ++i) {
    auto next = static_cast<uint8_t>(text[at + i]);
    if ((next & 0xc0) != 0x80) return {lead, 1, false};
    value = value << 6 | (next & 0x3f);
  }
  if (!is_legal(value, octets)) return {lead, 1, false};
  return {value, octets, true};
}

}  // namespace waypost::toml
