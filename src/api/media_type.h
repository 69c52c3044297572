#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace waypost::api {

// Why `type`, such as "text/calendar; method=REQUEST", is not what an attachment in base64 can be
// (RFC 2045 §5.1); none where it is. RFC 2045 §6.4 lets no base64 stand for the composite types.
std::optional<std::string> refuse_media_type(std::string_view type);

}  // namespace waypost::api
