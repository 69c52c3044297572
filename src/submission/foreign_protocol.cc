#include "submission/foreign_protocol.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace waypost::submission {
namespace {

// The methods of HTTP and the opening word of HTTP/2; then the field that every request has.
constexpr std::array<std::string_view, 11> http_words{
    "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "TRACE", "OPTIONS", "PATCH", "PRI", "HOST:"};
constexpr char tls_handshake_record = 0x16;

}  // namespace

bool looks_like_http(std::string_view line) {
  const std::string_view word = line.substr(0, line.find_first_of(" \t"));
  return std::any_of(http_words.begin(), http_words.end(), [&](std::string_view http_word) {
    return base::equals_ignoring_case(word, http_word);
  });
}

bool looks_like_tls(std::string_view octets) {
  return !octets.empty() && octets.front() == tls_handshake_record;
}

}  // namespace waypost::submission
