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

std::string key_trouble(std::string_view record) {
  auto parsed = mailauth::parse_dkim_key_record(record);
  if (!parsed) return "";
  if (!parsed->takes_sha256)
    return "The key is there, but its h= leaves out sha256, with which mail is signed: receivers "
           "refuse the signatures. Enter it without h=.";
  if (!parsed->for_mail)
    return "The key is there, but its s= leaves out email: receivers refuse the signatures. Enter "
           "it without s=.";
  return "";
}

}  // namespace waypost::publish
