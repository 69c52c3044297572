#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "io/rng.h"

namespace waypost::sasl {

constexpr size_t scram_key_octets = 32;
// RFC 7677 §4 asks for no fewer.
constexpr unsigned scram_iterations = 4096;

// What a server keeps about a password to check SCRAM-SHA-256 (RFC 5802 §3): from it nobody can log
// in as the client, but whoever has it can pretend to be the server. Raw octets. As it stands here
// no password fits, for nobody knows what hashes to zeros.
struct ScramVerifier {
  std::string salt;
  unsigned iterations = scram_iterations;
  std::string stored_key = std::string(scram_key_octets, '\0');
  std::string server_key = std::string(scram_key_octets, '\0');
};

// `password` as it will be typed: it goes through SASLprep (RFC 4013), and fails with invalid_input
// where that refuses it. Slow by design, about a microsecond for each iteration.
Result<ScramVerifier> make_scram_verifier(const Secret& password, std::string salt,
                                          unsigned iterations = scram_iterations);

// The salt of a name: the same every time, whether or not somebody has the name, so that it tells
// nobody. Different at every server, by `salting_key`.
std::string scram_salt(std::string_view salting_key, std::string_view name);

// The rest is for the .cc files of this folder.

// RFC 5802 §3 and §2.2, SHA-256 throughout.
Result<Secret> salted_password(const Secret& password, std::string_view salt, unsigned iterations);
std::string hmac(std::string_view key, std::string_view text);
std::string hash(std::string_view text);
std::string exclusive_or(std::string_view a, std::string_view b);  // of the same length
bool equal_in_constant_time(std::string_view a, std::string_view b);

// 144 bits in base64.
std::string new_nonce(io::Rng& rng);

// A name between the commas of a message (RFC 5801 §4): "," as "=2C", "=" as "=3D". Nothing for
// what is not written so.
std::string to_saslname(std::string_view name);
std::optional<std::string> from_saslname(std::string_view text);

// Takes "x=value" up to the next comma, and that comma, off the front of `rest`; nothing when
// another attribute than `name` stands there.
std::optional<std::string_view> take_attribute(std::string_view& rest, char name);

// RFC 4013 in the form for queries, which lets characters pass that Unicode has not assigned.
Result<Secret> saslprep(std::string_view text);

}  // namespace waypost::sasl
