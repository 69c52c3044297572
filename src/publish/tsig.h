#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"

// Messages of the name system signed with a secret that both sides know (RFC 8945).
namespace waypost::publish {

inline constexpr size_t tsig_file_octets_max = 16 * 1024;
// How far the two clocks may differ (RFC 8945 §10).
inline constexpr std::chrono::seconds tsig_fudge{300};

enum class TsigAlgorithm { hmac_sha256, hmac_sha384, hmac_sha512 };
// "hmac-sha256", which is its name on the wire as well.
std::string_view name(TsigAlgorithm algorithm);

struct TsigKey {
  std::string name;  // lower case, no final dot
  TsigAlgorithm algorithm = TsigAlgorithm::hmac_sha256;
  Secret secret;
};

// A key file as BIND's tsig-keygen and ddns-confgen write it: key "NAME" { algorithm ...; secret
// "..."; }; with comments. Other statements are refused, since somebody else's configuration is no
// key file. invalid_input, which never quotes the text but for names that it does not know.
Result<TsigKey> parse_tsig_key(std::string_view text);

struct SignedMessage {
  std::string octets;
  std::string mac;  // which the answer's signature covers
};

// `message` has a header and no signature yet.
SignedMessage sign_message(std::string message, const TsigKey& key, WallTime now);

namespace tsig_error {
inline constexpr int none = 0;
inline constexpr int bad_signature = 16;
inline constexpr int bad_key = 17;
inline constexpr int bad_time = 18;
}  // namespace tsig_error

struct TsigAnswer {
  // It was made with the key, for our message, and recently.
  bool verified = false;
  int error = tsig_error::none;         // as the server says
  std::optional<WallTime> server_time;  // of the server, when it says that clocks differ
};

// What an answer's signature is worth. Fails with ErrorCode::dns when the message or its signature
// is malformed; an answer without a signature is not verified.
Result<TsigAnswer> check_answer(std::string_view octets, const TsigKey& key,
                                std::string_view request_mac, WallTime now);

}  // namespace waypost::publish
