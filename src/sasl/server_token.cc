#include <utility>

#include "base/ascii.h"
#include "base/check.h"
#include "sasl/server_mechanisms.h"

// OAUTHBEARER (RFC 7628) and XOAUTH2: the client shows a token, and somebody else judges it.
namespace waypost::sasl {
namespace {

constexpr char separator = '\1';

// The value behind "auth=Bearer "; the scheme in any case (RFC 6750 §2.1).
std::string_view bearer_token(std::string_view value) {
  constexpr std::string_view scheme = "Bearer ";
  if (!base::starts_with_ignoring_case(value, scheme)) return {};
  const std::string_view token = value.substr(scheme.size());
  for (char c : token)
    if (c <= 0x20 || c >= 0x7f) return {};
  return token;
}

class TokenServer : public ServerExchange {
 public:
  explicit TokenServer(std::string scope) : scope_(std::move(scope)) {}

  size_t octets_max() const final { return token_message_octets_max; }
  Step go_on(ScramVerifier) final { CHECK(false); }

  Step step(std::optional<std::string_view> client_message) final {
    CHECK(state_ != State::judging && state_ != State::over);
    // Whatever answers an error ends the exchange (RFC 7628 §3.2.3).
    if (state_ == State::failed) return end("the token was no good");
    if (!client_message) return challenge("");
    if (client_message->size() > octets_max()) return end("the message with the token is too long");
    return read(*client_message);
  }

  Step finish(bool good) final {
    CHECK(state_ == State::judging);
    state_ = good ? State::over : State::failed;
    if (good) return succeed(std::move(login_));
    return challenge(scope_.empty() ? std::string(R"({"status":"invalid_token"})")
                                    : R"({"status":"invalid_token","scope":")" + scope_ + R"("})");
  }

 protected:
  virtual Step read(std::string_view message) = 0;

  Step judge(std::string_view login, std::string_view token) {
    if (token.empty()) return end("there is no bearer token");
    if (!login.empty() && !fault_of_login(login).empty())
      return end(std::string(fault_of_login(login)));
    state_ = State::judging;
    login_ = login;
    Step step;
    step.kind = Step::Kind::verify;
    step.credentials = {login_, Secret(token), true};
    return step;
  }
  Step end(std::string reason) {
    state_ = State::over;
    return refuse(std::move(reason));
  }

 private:
  enum class State { begun, judging, failed, over };
  State state_ = State::begun;
  std::string scope_;
  std::string login_;
};

// The text of the next field, which a separator ends and which is taken off as well.
std::optional<std::string_view> take_field(std::string_view& message) {
  const size_t end = message.find(separator);
  if (end == message.npos) return std::nullopt;
  const std::string_view field = message.substr(0, end);
  message.remove_prefix(end + 1);
  return field;
}

// "user=" login ^A "auth=Bearer " token ^A ^A, as Google describes it.
class Xoauth2Server final : public TokenServer {
 public:
  using TokenServer::TokenServer;

 private:
  Step read(std::string_view message) override {
    constexpr std::string_view user = "user=", auth = "auth=";
    const auto first = take_field(message);
    const auto second = take_field(message);
    if (!first || !second || !base::starts_with_ignoring_case(*first, user) ||
        !base::starts_with_ignoring_case(*second, auth) || message != std::string_view("\1", 1))
      return end("the XOAUTH2 message is not of its form");
    return judge(first->substr(user.size()), bearer_token(second->substr(auth.size())));
  }
};

// A name in the GS2 header: "=2C" is a comma and "=3D" an equals sign (RFC 5801 §4).
std::optional<std::string> from_saslname(std::string_view text) {
  std::string name;
  for (size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '=') {
      name += text[at];
      continue;
    }
    const std::string_view code = text.substr(at, 3);
    if (code != "=2C" && code != "=3D") return std::nullopt;
    name += code == "=2C" ? ',' : '=';
    at += 2;
  }
  return name;
}

// GS2 header ^A *(key "=" value ^A) ^A, RFC 7628 §3.1.
class OauthbearerServer final : public TokenServer {
 public:
  using TokenServer::TokenServer;

 private:
  Step read(std::string_view message) override {
    const auto header = take_field(message);
    const auto login = header ? login_in(*header) : std::nullopt;
    if (!login) return end("the GS2 header of OAUTHBEARER is not of its form");
    constexpr std::string_view auth = "auth=";
    std::string_view token;
    while (message != std::string_view(&separator, 1)) {
      const auto field = take_field(message);
      const bool is_token = field && field->starts_with(auth);
      if (!field || field->find('=') == field->npos || (is_token && !token.empty()))
        return end("the OAUTHBEARER message is not of its form");
      if (is_token) token = bearer_token(field->substr(auth.size()));
    }
    return judge(*login, token);
  }

  // "n,," or "n,a=" name ","; a channel binding ("p=") is not part of this mechanism.
  static std::optional<std::string> login_in(std::string_view header) {
    if (!header.starts_with("n,") && !header.starts_with("y,")) return std::nullopt;
    header.remove_prefix(2);
    if (header == ",") return std::string();
    if (!header.starts_with("a=") || !header.ends_with(',')) return std::nullopt;
    header.remove_prefix(2);
    header.remove_suffix(1);
    if (header.empty() || header.find(',') != header.npos) return std::nullopt;
    return from_saslname(header);
  }
};

}  // namespace

std::unique_ptr<ServerExchange> start_xoauth2_server(std::string scope) {
  return std::make_unique<Xoauth2Server>(std::move(scope));
}
std::unique_ptr<ServerExchange> start_oauthbearer_server(std::string scope) {
  return std::make_unique<OauthbearerServer>(std::move(scope));
}

}  // namespace waypost::sasl
