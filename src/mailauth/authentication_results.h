#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "message/header_block.h"

// The Authentication-Results field (RFC 8601 §2.2), read and written.
namespace waypost::mailauth {

inline constexpr size_t authentication_results_octets_max = 32 * 1024;
inline constexpr size_t authentication_results_max = 100;     // results in one field
inline constexpr size_t authentication_properties_max = 100;  // of one result

struct AuthenticationProperty {
  std::string type;  // "smtp", "header", "body", "policy"; empty where a writer left it out
  std::string name;
  std::string value;
};

struct AuthenticationResult {
  std::string method;  // "spf", lower case
  unsigned method_version = 1;
  std::string result;   // "pass", lower case
  std::string comment;  // without its parentheses; of several the first
  std::string reason;
  std::vector<AuthenticationProperty> properties;
  std::string text;  // as it stood, on one line; read only
};

struct AuthenticationResults {
  std::string authserv_id;  // who says so
  unsigned version = 1;
  std::vector<AuthenticationResult> results;  // empty: "none"
};

// A value, folded or not. Comments may stand wherever the RFC lets them; a property without its
// type, as Microsoft writes it, is taken. invalid_input for what has another form or passes a
// limit.
Result<AuthenticationResults> parse_authentication_results(std::string_view value);

// The value without the field's name and last line end, a result a line. Values are quoted where
// they must be; control octets come out as '?'.
std::string authentication_results_value(const AuthenticationResults& results);

// "Authentication-Results: ...", with CRLF.
std::string authentication_results_field(const AuthenticationResults& results);

// What the fields of that server in the message say, as it stood, in their order (RFC 8617 §4.1.1):
// fields that cannot be read are left out.
std::vector<std::string> results_of_server(const message::HeaderBlock& block,
                                           std::string_view authserv_id);

}  // namespace waypost::mailauth
