#include "publish/same_key.h"

#include "mailauth/dkim_key.h"

namespace waypost::publish {

bool same_key(std::string_view one, std::string_view other) {
  auto a = mailauth::parse_dkim_key_record(one);
  auto b = mailauth::parse_dkim_key_record(other);
  return a && b && a->type == b->type && !a->revoked && a->key_octets == b->key_octets;
}

bool holds_key(std::string_view record) {
  auto parsed = mailauth::parse_dkim_key_record(record);
  return parsed && !parsed->revoked &&
         mailauth::PublicKey::from_octets(parsed->type, parsed->key_octets);
}

}  // namespace waypost::publish
