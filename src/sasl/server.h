#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace waypost::sasl {

// The longest message of a client, decoded.
constexpr size_t message_octets_max = 1024;

struct Credentials {
  std::string login;  // UTF-8, not empty, no control octets; who asks
  Secret password;    // UTF-8, not empty
};

// What the server does next (RFC 4422 §5).
struct Step {
  enum class Kind {
    challenge,  // send `challenge` (raw: base64 is the protocol's business) and step() its answer
    verify,     // judge `credentials`, then finish()
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
// awaits the check of the password between verify and finish(). Thread: one at a time.
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;

  // `client_message` is decoded; nullopt when AUTH came without an initial response, which is not
  // the same as an empty one (RFC 4954 §4). Not after success or refused, nor instead of finish().
  virtual Step step(std::optional<std::string_view> client_message) = 0;
  // The verdict about the credentials of the last step.
  virtual Step finish(bool good) = 0;
};

// The mechanisms on offer, best first, as EHLO lists them: "PLAIN" (RFC 4616). All of them show the
// password to whoever reads along, so a session offers them under TLS only.
std::span<const std::string_view> server_mechanisms();

// `mechanism` in either case; invalid_input for one that is not on offer.
Result<std::unique_ptr<ServerExchange>> start_server(std::string_view mechanism);

}  // namespace waypost::sasl
