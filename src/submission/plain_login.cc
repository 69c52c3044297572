#include "submission/plain_login.h"

#include <array>
#include <cstdint>

namespace waypost::submission {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 4648 §4 with its padding, strictly.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  std::string octets;
  octets.reserve(text.size() / 4 * 3 + 2);
  uint32_t bits = 0;
  unsigned bit_count = 0;
  for (char c : text) {
    const size_t value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | uint32_t(value);
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    octets += char(bits >> bit_count & 0xff);
  }
  return octets;
}

std::optional<Credentials> split(std::string_view message) {
  const size_t first = message.find('\0');
  const size_t second = message.find('\0', first + 1);
  if (first == message.npos || second == message.npos) return std::nullopt;
  const std::string_view identity = message.substr(0, first);
  const std::string_view name = message.substr(first + 1, second - first - 1);
  const std::string_view secret = message.substr(second + 1);
  const bool acts_for_another = !identity.empty() && identity != name;
  if (name.empty() || secret.empty() || secret.find('\0') != secret.npos || acts_for_another)
    return std::nullopt;
  return Credentials{std::string(name), base::Secret(secret)};
}

}  // namespace

PlainResponse parse_plain_response(std::string_view base64) {
  std::optional<std::string> message = decode_base64(base64);
  if (!message) return {std::nullopt, PlainFault::not_base64};
  PlainResponse response{split(*message), std::nullopt};
  if (!response.credentials) response.fault = PlainFault::not_a_login;
  base::Secret::wipe(*message);
  return response;
}

}  // namespace waypost::submission
