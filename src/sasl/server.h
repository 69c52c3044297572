#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/channel_binding.h"
#include "base/result.h"
#include "base/secret.h"
#include "io/rng.h"
#include "sasl/scram.h"

namespace waypost::sasl {

// The longest message of a client, decoded.
constexpr size_t message_octets_max = 1024;
constexpr size_t token_message_octets_max = 9 * 1024;  // where a token is part of it

struct Credentials {
  std::string login;  // UTF-8, not empty, no control octets; who asks
  Secret password;    // UTF-8, not empty; empty where a verifier is asked for
  // The password is a bearer token, in printable ASCII, and the login may be empty: the token says.
  bool is_token = false;
};

// What the server does next (RFC 4422 §5).
struct Step {
  enum class Kind {
    challenge,  // send `challenge` (raw: base64 is the protocol's business) and step() its answer
    verify,     // judge `credentials`, then finish()
    look_up,    // find the verifier for the login of `credentials`, then go_on()
    success,    // `login` is authenticated
    refused,    // the exchange is over
  };
  Kind kind = Kind::refused;
  std::string challenge;
  Credentials credentials;
  std::string login;
  std::string reason;  // of a refusal, for the log; holds nothing that the client sent
};

// One attempt to log in, from the AUTH command to its end. It waits for nothing itself: the session
// awaits the check of the password between verify and finish(), and the verifier between look_up
// and go_on(). Each may be called only after the step that asks for it. Thread: one at a time.
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;

  // `client_message` is decoded; nullopt when AUTH came without an initial response, which is not
  // the same as an empty one (RFC 4954 §4).
  virtual Step step(std::optional<std::string_view> client_message) = 0;
  // The longest message that step() wants to see.
  virtual size_t octets_max() const { return message_octets_max; }
  // The verdict about the credentials of the last step.
  virtual Step finish(bool good) = 0;
  // For a login that does not exist, too: with a verifier that nothing fits, and with the salt that
  // the same name gets every time, the client cannot tell.
  virtual Step go_on(ScramVerifier verifier) = 0;
};

// The mechanisms on offer, best first, as EHLO lists them: SCRAM-SHA-256-PLUS where the connection
// has a channel binding, SCRAM-SHA-256 (RFC 7677), PLAIN (RFC 4616), LOGIN; where somebody judges
// tokens OAUTHBEARER (RFC 7628) and XOAUTH2. All but SCRAM show the secret to whoever reads along,
// so a session offers none outside TLS, but on the host itself.
std::vector<std::string_view> server_mechanisms(bool has_binding, bool takes_tokens = false);

// What one exchange works with.
struct ServerSide {
  std::vector<ChannelBinding> bindings;                   // those of the connection
  io::Rng& rng;                                           // for nonces; not kept
  std::optional<std::string> token_scope = std::nullopt;  // none: tokens are not taken
};

// `mechanism` in either case; invalid_input for one that is not on offer.
Result<std::unique_ptr<ServerExchange>> start_server(std::string_view mechanism, ServerSide side);

}  // namespace waypost::sasl
