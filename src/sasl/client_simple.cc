#include <algorithm>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "sasl/client_mechanisms.h"
#include "sasl/scram.h"

namespace waypost::sasl {
namespace {

constexpr size_t note_octets_max = 256;

Error asked_too_often() {
  return Error(ErrorCode::protocol, "the server asks on after the end of the login");
}

Error too_long() { return Error(ErrorCode::protocol, "the server's login challenge is too long"); }

// The message that is the whole login.
class PlainClient final : public ClientExchange {
 public:
  explicit PlainClient(const ClientLogin& login) {
    const std::string& password = login.secret.reveal();
    std::string message;
    // At once, so that no part of the password stays behind where a string grew.
    message.reserve(login.name.size() + password.size() + 2);
    message.append(1, '\0').append(login.name).append(1, '\0').append(password);
    message_ = Secret::take(message);
  }

  std::string_view mechanism() const override { return "PLAIN"; }
  std::optional<Secret> initial_response() override { return std::move(message_); }
  Result<Secret> step(std::string_view) override { return failure(asked_too_often()); }

 private:
  Secret message_;
};

class LoginClient final : public ClientExchange {
 public:
  explicit LoginClient(ClientLogin login) : login_(std::move(login)) {}

  std::string_view mechanism() const override { return "LOGIN"; }
  std::optional<Secret> initial_response() override { return std::nullopt; }

  Result<Secret> step(std::string_view challenge) override {
    if (challenge.size() > challenge_octets_max) return failure(too_long());
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
  ClientLogin login_;
  unsigned answered_ = 0;
};

class CramMd5Client final : public ClientExchange {
 public:
  explicit CramMd5Client(ClientLogin login) : login_(std::move(login)) {}

  std::string_view mechanism() const override { return "CRAM-MD5"; }
  std::optional<Secret> initial_response() override { return std::nullopt; }

  Result<Secret> step(std::string_view challenge) override {
    if (challenge.size() > challenge_octets_max) return failure(too_long());
    if (login_.secret.empty()) return failure(asked_too_often());
    const Secret password = std::move(login_.secret);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    if (!HMAC(EVP_md5(), password.reveal().data(), static_cast<int>(password.reveal().size()),
              reinterpret_cast<const unsigned char*>(challenge.data()), challenge.size(), digest,
              &size))
      return failure(ErrorCode::unavailable, "this system has no MD5, which CRAM-MD5 needs");
    std::string answer = login_.name + " ";
    for (unsigned i = 0; i < size; ++i) answer += fmt::format("{:02x}", digest[i]);
    return Secret(answer);
  }

 private:
  ClientLogin login_;
};

// Both send one message with the token. A server that refuses it says why in a challenge, usually
// as JSON, and waits for an answer that says nothing before it gives its reply.
class TokenClient final : public ClientExchange {
 public:
  TokenClient(std::string_view mechanism, ClientLogin login)
      : mechanism_(mechanism), login_(std::move(login)) {}

  std::string_view mechanism() const override { return mechanism_; }

  std::optional<Secret> initial_response() override {
    std::string message = is_xoauth2()
                              ? fmt::format("user={}\1auth=Bearer ", login_.name)
                              : fmt::format("n,a={},\1auth=Bearer ", to_saslname(login_.name));
    // At once, as in PlainClient.
    message.reserve(message.size() + login_.secret.reveal().size() + 2);
    message += login_.secret.reveal();
    message += "\1\1";
    return Secret::take(message);
  }

  Result<Secret> step(std::string_view challenge) override {
    if (challenge.size() > challenge_octets_max) return failure(too_long());
    if (answered_) return failure(asked_too_often());
    answered_ = true;
    note_ = note_of(challenge);
    // RFC 7628 §3.2.3 for OAUTHBEARER; XOAUTH2's description asks for an empty one.
    return is_xoauth2() ? Secret() : Secret("\1");
  }

  std::string server_note() const override { return note_; }

 private:
  bool is_xoauth2() const { return mechanism_ == "XOAUTH2"; }

  // A server might send back what it was given.
  std::string note_of(std::string_view challenge) const {
    if (challenge.find(login_.secret.reveal()) != challenge.npos)
      return "(what the server said holds the token)";
    std::string note = base::escape_control(base::to_valid_utf8(challenge));
    if (note.size() <= note_octets_max) return note;
    size_t end = note_octets_max - 3;
    // Never in the middle of a character.
    while ((note[end] & 0xc0) == 0x80) --end;
    return note.substr(0, end) + "...";
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

Result<std::unique_ptr<ClientExchange>> start_plain_client(std::string_view, ClientLogin login,
                                                           io::Rng&) {
  return std::make_unique<PlainClient>(login);
}

Result<std::unique_ptr<ClientExchange>> start_login_client(std::string_view, ClientLogin login,
                                                           io::Rng&) {
  return std::make_unique<LoginClient>(std::move(login));
}

Result<std::unique_ptr<ClientExchange>> start_cram_md5_client(std::string_view, ClientLogin login,
                                                              io::Rng&) {
  return std::make_unique<CramMd5Client>(std::move(login));
}

Result<std::unique_ptr<ClientExchange>> start_token_client(std::string_view mechanism,
                                                           ClientLogin login, io::Rng&) {
  const std::string& token = login.secret.reveal();
  if (!std::all_of(token.begin(), token.end(), is_token_octet))
    return failure(ErrorCode::invalid_input,
                   fmt::format("{} sends an access token, and the secret is not one: it may hold "
                               "letters, digits and - . _ ~ + / =",
                               mechanism));
  return std::make_unique<TokenClient>(mechanism, std::move(login));
}

}  // namespace waypost::sasl
