#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/channel_binding.h"
#include "base/result.h"
#include "base/secret.h"
#include "io/rng.h"

namespace waypost::sasl {

// The longest message that is written to a server, and the longest that is taken from one, decoded.
// In base64 the first still fits into a line of AUTH (RFC 4954 §4); a token is what makes it long.
constexpr size_t client_message_octets_max = 8192;
constexpr size_t challenge_octets_max = 4096;
// Each costs about a microsecond on the thread that answers, so a server may not ask for any
// number.
constexpr unsigned scram_iterations_max = 200'000;

struct ClientLogin {
  std::string name;  // UTF-8 without control octets, not empty
  Secret secret;     // the password; the access token where the mechanism is one of tokens
  // "" or "auto" for the best that takes a password; else in either case PLAIN, LOGIN,
  // SCRAM-SHA-256 (with or without -PLUS, the former where it can be had), CRAM-MD5, XOAUTH2,
  // OAUTHBEARER.
  std::string mechanism;
  std::optional<ChannelBinding> binding;  // of the connection, where its TLS has one
  bool encrypted = true;                  // false: nothing that shows the secret is used
};

// Which of the mechanisms that a server offers is used, spelt as the wire wants it. Best first:
// SCRAM-SHA-256-PLUS, SCRAM-SHA-256, PLAIN, LOGIN, and CRAM-MD5 where nothing else is offered,
// since its server must know the password itself. A token is sent only to who is meant to get one.
// not_found when none fits, with a text for people that says what was offered.
Result<std::string_view> choose_client_mechanism(std::span<const std::string> offered,
                                                 const ClientLogin& login);

// One login at a server (RFC 4422 §3), as messages before base64. Thread: one at a time.
//   AUTH mechanism() [base64(initial_response()), "=" for an empty one]
//   334 challenge -> step(challenge); where it fails, "*" ends the exchange (RFC 4954 §4)
//   235 -> believed only when server_proved(); 5yz -> server_note() may say more than the reply
class ClientExchange {
 public:
  virtual ~ClientExchange() = default;

  virtual std::string_view mechanism() const = 0;
  // Once, first; none where the server speaks first.
  virtual std::optional<Secret> initial_response() = 0;
  // Fails with `protocol` for a challenge that is out of place, too long or proves nothing.
  virtual Result<Secret> step(std::string_view challenge) = 0;
  // Whether a server that says 235 has shown that it knows the secret. Only SCRAM asks that of it
  // (RFC 5802 §3); for others it is true.
  virtual bool server_proved() const { return true; }
  // What the server said about a refused token, for people and logs: one line, at most 256 octets.
  virtual std::string server_note() const { return {}; }
};

// invalid_input when the name or secret cannot be sent by the mechanism; as
// choose_client_mechanism() otherwise. `rng` makes SCRAM's nonce and is not kept.
Result<std::unique_ptr<ClientExchange>> start_client(std::span<const std::string> offered,
                                                     ClientLogin login, io::Rng& rng);

}  // namespace waypost::sasl
