#include "returns/return_address.h"

#include <span>

#include "base/ascii.h"
#include "base/check.h"
#include "io/digest.h"

namespace waypost::returns {
namespace {

// RFC 4648 §6 in small letters: no two of them differ in case alone.
constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz234567";
constexpr unsigned letter_bits = 5;
constexpr char first_letter = 'b';  // so that people know it when they see it

constexpr size_t number_octets = 3;  // two bits of reach, then the recipient's number
constexpr unsigned reach_shift = 22;
constexpr size_t named_octets = MessageId::octets + number_octets;
// 88 bits: who tries a thousand a second for a million years has one chance in ten million.
constexpr size_t code_octets = 11;
// A multiple of five, so that each has one spelling only.
static_assert((named_octets + code_octets) % letter_bits == 0);
static_assert(ReturnAddresses::local_part_octets ==
              1 + (named_octets + code_octets) * 8 / letter_bits);

std::string to_letters(std::string_view octets) {
  std::string letters;
  uint32_t bits = 0;
  unsigned count = 0;
  for (char octet : octets) {
    bits = (bits << 8) | static_cast<unsigned char>(octet);
    for (count += 8; count >= letter_bits; count -= letter_bits)
      letters += alphabet[(bits >> (count - letter_bits)) & 31];
  }
  return letters;
}

std::optional<std::string> from_letters(std::string_view letters) {
  std::string octets;
  uint32_t bits = 0;
  unsigned count = 0;
  for (char letter : letters) {
    const size_t value = alphabet.find(base::to_lower(letter));
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << letter_bits) | static_cast<uint32_t>(value);
    count += letter_bits;
    if (count < 8) continue;
    count -= 8;
    octets += static_cast<char>((bits >> count) & 0xff);
  }
  return octets;
}

// In a time that does not tell how much of it was right.
bool are_equal(std::string_view one, std::string_view other) {
  unsigned differing = one.size() == other.size() ? 0 : 1;
  for (size_t i = 0; i < one.size() && i < other.size(); ++i)
    differing |= static_cast<unsigned char>(one[i]) ^ static_cast<unsigned char>(other[i]);
  return differing == 0;
}

std::string named_by(const Reference& reference) {
  std::string named(reference.message.raw());
  const uint32_t number =
      (static_cast<uint32_t>(reference.reach) << reach_shift) | reference.recipient;
  for (int shift : {16, 8, 0}) named += static_cast<char>((number >> shift) & 0xff);
  return named;
}

}  // namespace

std::string ReturnAddresses::code_of(std::string_view named) const {
  // Whatever else this key may once sign says another thing first.
  std::string text = "waypost return path 1";
  text += named;
  return io::hmac_sha256(key_.reveal(), text).substr(0, code_octets);
}

std::string ReturnAddresses::make(const Reference& reference) const {
  CHECK(reference.recipient < recipients_max);
  const std::string named = named_by(reference);
  return first_letter + to_letters(named + code_of(named));
}

std::optional<Reference> ReturnAddresses::read(std::string_view local_part) const {
  if (local_part.size() != local_part_octets) return std::nullopt;
  if (base::to_lower(local_part.front()) != first_letter) return std::nullopt;
  const std::optional<std::string> octets = from_letters(local_part.substr(1));
  if (!octets) return std::nullopt;
  const std::string_view named = std::string_view(*octets).substr(0, named_octets);
  if (!are_equal(std::string_view(*octets).substr(named_octets), code_of(named)))
    return std::nullopt;
  uint32_t number = 0;
  for (char octet : named.substr(MessageId::octets))
    number = (number << 8) | static_cast<unsigned char>(octet);
  Reference reference;
  reference.message = MessageId::from_octets(std::span<const uint8_t, MessageId::octets>(
      reinterpret_cast<const uint8_t*>(named.data()), MessageId::octets));
  reference.reach = static_cast<Reach>(number >> reach_shift);
  reference.recipient = number & (recipients_max - 1);
  return reference;
}

}  // namespace waypost::returns
