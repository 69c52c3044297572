#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "sasl/client_mechanisms.h"

namespace waypost::sasl {
namespace {

constexpr size_t note_octets_max = 256;

Error asked_too_often() {
  return Error(ErrorCode::protocol, "the server asks on after the end of the login");
}

class LoginClient final : public ClientExchange {
 public:
  LoginClient(std::string_view mechanism, ClientLogin login)
      : mechanism_(mechanism), login_(std::move(login)) {}

  std::string_view mechanism() const override { return mechanism_; }
  std::optional<Secret> initial_response() override { return std::nullopt; }

  Result<Secret> step(std::string_view challenge) override {
    if (challenge.size() > challenge_octets_max)
      return failure(ErrorCode::protocol, "the server's login challenge is too long");
    switch (answered_++) {
      case 0:
        return Secret(login_.name);
      case 1:
        return std::move(login_.secret);
      default:
        return failure(asked_too_often());
    }
  }

 private:
  std::string_view mechanism_;
  ClientLogin login_;
  unsigned answered_ = 0;
};

// Both send one message with the token. A server that refuses it says why in a challenge, usually
// as JSON, and waits for an answer that says nothing before it gives its reply.
class TokenClient final : public ClientExchange {
 public:
  TokenClient(std::string_view mechanism, ClientLogin login)
      : mechanism_(mechanism), login_(std::move(login)) {}

  std::string_view mechanism() const override { return mechanism_; }

  std::optional<Secret> initial_response() override {
    std::string message = is_xoauth2() ? fmt::format("user={}\1auth=Bearer ", login_.name)
                                       : fmt::format("n,a={},\1auth=Bearer ", saslname());
    // At once, so that no half of the token stays behind where a string grew.
    message.reserve(message.size() + login_.secret.reveal().size() + 2);
    message += login_.secret.reveal();
    message += "\1\1";
    return Secret::take(message);
  }

  Result<Secret> step(std::string_view challenge) override {
    if (challenge.size() > challenge_octets_max)
      return failure(ErrorCode::protocol, "the server's login challenge is too long");
    if (answered_) return failure(asked_too_often());
    answered_ = true;
    note_ = note_of(challenge);
    // RFC 7628 §3.2.3 for OAUTHBEARER; XOAUTH2's description asks for an empty one.
    return is_xoauth2() ? Secret() : Secret("\1");
  }

  std::string server_note() const override { return note_; }

 private:
  bool is_xoauth2() const { return mechanism_ == "XOAUTH2"; }

  // RFC 5801 §4.
  std::string saslname() const {
    std::string name;
    for (char c : login_.name) {
      if (c == ',')
        name += "=2C";
      else if (c == '=')
        name += "=3D";
      else
        name += c;
    }
    return name;
  }

  // A server might send back what it was given.
  std::string note_of(std::string_view challenge) const {
    if (challenge.find(login_.secret.reveal()) != challenge.npos)
      return "(what the server said holds the token)";
    std::string note = base::escape_control(base::to_valid_utf8(challenge));
    if (note.size() <= note_octets_max) return note;
    return base::to_valid_utf8(note.substr(0, note_octets_max - 6)) + "...";
  }

  std::string_view mechanism_;
  ClientLogin login_;
  bool answered_ = false;
  std::string note_;
};

// RFC 6750 §2.1: what a bearer token is written in.
bool is_token_octet(char c) {
  return base::is_alnum(c) || std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

}  // namespace

Result<std::unique_ptr<ClientExchange>> start_login_client(std::string_view mechanism,
                                                           ClientLogin login) {
  return std::unique_ptr<ClientExchange>(
      std::make_unique<LoginClient>(mechanism, std::move(login)));
}

Result<std::unique_ptr<ClientExchange>> start_token_client(std::string_view mechanism,
                                                           ClientLogin login) {
  const std::string& token = login.secret.reveal();
  if (!std::all_of(token.begin(), token.end(), is_token_octet))
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} sends an access token, and the secret is not one: it may hold "
                               "letters, digits and - . _ ~ + / =",
                               mechanism));
  return std::unique_ptr<ClientExchange>(
      std::make_unique<TokenClient>(mechanism, std::move(login)));
}

}  // namespace waypost::sasl
