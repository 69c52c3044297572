#pragma once

#include <boost/json/object.hpp>

#include "base/result.h"
#include "records/suppressions.h"

namespace waypost::records {

// {"address", "scope", "reason", "since", "expires", "who", "message", "evidence"}, the scope as
// text_of() has it: what is empty is left out. Octets that are no UTF-8 are replaced.
boost::json::object to_json(const Suppression& entry);

// The reverse, without a key: the caller makes it from the address. What is unknown, of another
// type or too long is invalid_input, with a message for people.
Result<Suppression> parse_suppression(const boost::json::object& object);

// "all", "stream:bulk", "sender-domain:shop.example"
std::string text_of(SuppressionScope scope, const std::string& scope_name);
// Names in lower case. invalid_input, with a message for people.
Result<std::pair<SuppressionScope, std::string>> parse_scope_text(std::string_view text);

// 1 to 64 of a-z 0-9 - .
bool is_reason(std::string_view text);

}  // namespace waypost::records
