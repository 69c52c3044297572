#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/utf8.h"
#include "sasl/client_mechanisms.h"
#include "sasl/gsasl.h"

namespace waypost::sasl {
namespace {

// The iteration count that a SCRAM server asks for (RFC 5802 §5.1); 0 for none, the largest number
// for one beyond all numbers.
unsigned long iterations_in(std::string_view server_first) {
  const size_t at = server_first.find(",i=");
  if (at == server_first.npos) return 0;
  const std::string_view digits = server_first.substr(at + 3);
  unsigned long count = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  return parsed.ec == std::errc::result_out_of_range ? ~0ul : count;
}

Result<void> check_challenge(std::string_view challenge) {
  if (challenge.size() > challenge_octets_max)
    return failure(ErrorCode::protocol, "the server's login challenge is too long");
  if (!base::is_utf8(challenge) ||
      std::any_of(challenge.begin(), challenge.end(), base::is_control))
    return failure(ErrorCode::protocol, "the server's login challenge is not text");
  if (iterations_in(challenge) > scram_iterations_max)
    return failure(ErrorCode::protocol,
                   fmt::format("the server asks for more than {} iterations of its hash",
                               scram_iterations_max));
  return {};
}

class GsaslClient final : public ClientExchange {
 public:
  GsaslClient(std::string_view mechanism, OwnedSession session)
      : mechanism_(mechanism), session_(std::move(session)) {}
  ~GsaslClient() override { wipe(); }

  // Makes what the client says first, before the server has said anything.
  Result<void> begin() {
    if (mechanism_ == "CRAM-MD5") return {};
    TRY(first_, advance(""));
    return {};
  }

  std::string_view mechanism() const override { return mechanism_; }
  std::optional<Secret> initial_response() override { return std::exchange(first_, std::nullopt); }

  Result<Secret> step(std::string_view challenge) override {
    TRY_VOID(check_challenge(challenge));
    if (state_ == State::going) return advance(challenge);
    return failure(ErrorCode::protocol, "the server asks on after the end of the login");
  }

  bool server_proved() const override { return !is_scram() || state_ == State::done; }

 private:
  enum class State { going, done, failed };

  bool is_scram() const { return mechanism_.starts_with("SCRAM-"); }

  Result<Secret> advance(std::string_view challenge) {
    char* octets = nullptr;
    size_t size = 0;
    const int status =
        gsasl_step(session_.get(), challenge.data(), challenge.size(), &octets, &size);
    Secret response = take_secret(octets, size);
    if (status == GSASL_NEEDS_MORE) return response;
    wipe();
    state_ = status == GSASL_OK ? State::done : State::failed;
    if (status == GSASL_OK) return response;
    return failure(ErrorCode::protocol,
                   fmt::format("the login by {} cannot go on: {}", mechanism_,
                               is_scram() && status == GSASL_AUTHENTICATION_ERROR
                                   ? "the server has not proved that it knows the secret"
                                   : gsasl_strerror(status)));
  }

  void wipe() {
    wipe_property(session_.get(), GSASL_PASSWORD);
    wipe_property(session_.get(), GSASL_SCRAM_SALTED_PASSWORD);
  }

  std::string_view mechanism_;
  OwnedSession session_;
  State state_ = State::going;
  std::optional<Secret> first_;
};

}  // namespace

Result<std::unique_ptr<ClientExchange>> start_gsasl_client(std::string_view mechanism,
                                                           ClientLogin login) {
  TRY(OwnedSession session, start_session(std::string(mechanism).c_str(), false));
  TRY_VOID(set_property(session.get(), GSASL_AUTHID, login.name));
  TRY_VOID(set_property(session.get(), GSASL_PASSWORD, login.secret.reveal()));
  if (login.binding) TRY_VOID(set_binding(session.get(), *login.binding));
  auto exchange = std::make_unique<GsaslClient>(mechanism, std::move(session));
  Result<void> begun = exchange->begin();
  if (!begun)
    return failure(ErrorCode::invalid_input,
                   "the login name or the secret cannot be sent: " + begun.error().message());
  return std::unique_ptr<ClientExchange>(std::move(exchange));
}

}  // namespace waypost::sasl
