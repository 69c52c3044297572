#pragma once

#include <string>
#include <string_view>

namespace waypost::publish {

// Whether two DKIM key records hold one key that is in force, whatever their other tags are.
bool same_key(std::string_view one, std::string_view other);

// Whether it is a DKIM key record with a whole key that is in force: somebody may sign with it.
bool holds_key(std::string_view record);

// Why receivers refuse mail that is signed with the key of this record, in a sentence; "" where
// they do not, or where it is no key record.
std::string key_trouble(std::string_view record);

}  // namespace waypost::publish
