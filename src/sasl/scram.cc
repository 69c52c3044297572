#include "sasl/scram.h"

#include <algorithm>
#include <array>
#include <string.h>

#include <gsasl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/check.h"
#include "io/digest.h"
#include "sasl/base64.h"

namespace waypost::sasl {
namespace {

constexpr size_t nonce_octets = 18;
constexpr size_t salt_octets = 16;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* octets_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}

}  // namespace

Result<ScramVerifier> make_scram_verifier(const Secret& password, std::string salt,
                                          unsigned iterations) {
  TRY(const Secret salted, salted_password(password, salt, iterations));
  const Secret client_key(hmac(salted.reveal(), "Client Key"));
  ScramVerifier verifier;
  verifier.stored_key = hash(client_key.reveal());
  verifier.server_key = hmac(salted.reveal(), "Server Key");
  verifier.salt = std::move(salt);
  verifier.iterations = iterations;
  return verifier;
}

std::string scram_salt(std::string_view salting_key, std::string_view name) {
  return hmac(salting_key, name).substr(0, salt_octets);
}

Result<Secret> salted_password(const Secret& password, std::string_view salt, unsigned iterations) {
  TRY(const Secret prepared, saslprep(password.reveal()));
  std::string key(scram_key_octets, '\0');
  const int made = PKCS5_PBKDF2_HMAC(prepared.reveal().data(),
                                     static_cast<int>(prepared.reveal().size()), octets_of(salt),
                                     static_cast<int>(salt.size()), static_cast<int>(iterations),
                                     EVP_sha256(), static_cast<int>(key.size()), octets_of(key));
  if (made != 1) return failure(ErrorCode::resource_exhausted, "PBKDF2 could not be computed");
  return Secret::take(key);
}

std::string hmac(std::string_view key, std::string_view text) { return io::hmac_sha256(key, text); }

std::string hash(std::string_view text) {
  std::string digest(scram_key_octets, '\0');
  SHA256(octets_of(text), text.size(), octets_of(digest));
  return digest;
}

std::string exclusive_or(std::string_view a, std::string_view b) {
  CHECK(a.size() == b.size());
  std::string mixed(a);
  for (size_t i = 0; i < mixed.size(); ++i) mixed[i] = static_cast<char>(mixed[i] ^ b[i]);
  return mixed;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string new_nonce(io::Rng& rng) {
  std::array<uint8_t, nonce_octets> random;
  rng.fill(random);
  return base64_encode({reinterpret_cast<const char*>(random.data()), random.size()});
}

std::string to_saslname(std::string_view name) {
  std::string text;
  for (char c : name) {
    if (c == ',')
      text += "=2C";
    else if (c == '=')
      text += "=3D";
    else
      text += c;
  }
  return text;
}

std::optional<std::string> from_saslname(std::string_view text) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') return std::nullopt;
    if (text[i] != '=') {
      name += text[i];
      continue;
    }
    const std::string_view code = text.substr(i, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    name += code == "=2C" ? ',' : '=';
    i += 2;
  }
  return name;
}

std::optional<std::string_view> take_attribute(std::string_view& rest, char name) {
  if (rest.size() < 2 || rest[0] != name || rest[1] != '=') return std::nullopt;
  const size_t end = std::min(rest.find(','), rest.size());
  const std::string_view value = rest.substr(2, end - 2);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return value;
}

Result<Secret> saslprep(std::string_view text) {
  const Secret terminated(text);
  char* prepared = nullptr;
  const int status =
      gsasl_saslprep(terminated.reveal().c_str(), GSASL_ALLOW_UNASSIGNED, &prepared, nullptr);
  if (status != GSASL_OK || !prepared)
    return failure(ErrorCode::invalid_input,
                   "a character in it has no place in a name or a password (RFC 4013)");
  Secret taken{std::string_view(prepared)};
  explicit_bzero(prepared, strlen(prepared));
  gsasl_free(prepared);
  return taken;
}

}  // namespace waypost::sasl
