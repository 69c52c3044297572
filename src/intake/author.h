#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "message/header_block.h"

namespace waypost::intake {

// The domain of the From field, in A-labels; invalid_input with a sentence where the header has
// none or several of them, no address that can be read, or addresses of two domains (RFC 5322
// §3.6.2).
Result<std::string> author_domain(const message::HeaderBlock& header);
// The same of a whole message.
Result<std::string> author_domain_of(std::string_view content);
// That of its Sender field, which has one address; empty where there is no such field.
Result<std::string> agent_domain_of(std::string_view content);

}  // namespace waypost::intake
