#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "mailauth/dkim_base64.h"
#include "mailauth/dkim_key.h"

using namespace waypost::mailauth;

// A key record as DNS may hold it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  if (const auto decoded = decode_base64(octets, size))
    CHECK(decode_base64(encode_base64(*decoded), size) == decoded);
  const auto record = parse_dkim_key_record(octets);
  if (!record) return 0;
  CHECK(record->revoked == record->key_octets.empty());
  const auto key = PublicKey::from_octets(record->type, record->key_octets);
  if (!key) return 0;
  CHECK(key->type() == record->type && key->bits() <= rsa_bits_max);
  key->verifies(std::string(32, 'h'), std::string(key->bits() / 8 + 1, 's'));
  return 0;
}
