#include "sasl/server.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "base/utf8.h"
#include "sasl/gsasl.h"

namespace waypost::sasl {
namespace {

constexpr std::array<std::string_view, 1> offered{"PLAIN"};

Step refusal(std::string reason) {
  Step step;
  step.reason = std::move(reason);
  return step;
}

class PlainServer final : public ServerExchange, private Validation {
 public:
  explicit PlainServer(OwnedSession session) : session_(std::move(session)) {
    set_validation(session_.get(), *this);
  }

  Step step(std::optional<std::string_view> client_message) override {
    CHECK(state_ == State::waiting);
    if (!client_message) {
      Step step;
      step.kind = Step::Kind::challenge;
      return step;
    }
    state_ = State::over;
    if (auto fault = fault_of_message(*client_message); !fault.empty())
      return refusal(std::string(fault));
    char* output = nullptr;
    size_t output_size = 0;
    int status = gsasl_step(session_.get(), client_message->data(), client_message->size(), &output,
                            &output_size);
    gsasl_free(output);
    wipe_property(session_.get(), GSASL_PASSWORD);
    if (status != GSASL_OK) return refusal("the PLAIN message is malformed");
    if (auto fault = fault_of_credentials(); !fault.empty()) return refusal(std::string(fault));
    state_ = State::judged;
    Step step;
    step.kind = Step::Kind::verify;
    login_ = credentials_.login;
    step.credentials = std::move(credentials_);
    return step;
  }

  Step finish(bool good) override {
    CHECK(state_ == State::judged);
    state_ = State::over;
    if (!good) return refusal("the login name or the password is wrong");
    Step step;
    step.kind = Step::Kind::success;
    step.login = std::move(login_);
    return step;
  }

 private:
  enum class State { waiting, judged, over };

  // What libgsasl would let pass or cut at a NUL (RFC 4616 §2).
  static std::string_view fault_of_message(std::string_view message) {
    if (message.size() > message_octets_max) return "the PLAIN message is too long";
    if (std::count(message.begin(), message.end(), '\0') != 2)
      return "the PLAIN message does not have exactly two NULs";
    if (!base::is_utf8(message)) return "the PLAIN message is not UTF-8";
    return "";
  }

  std::string_view fault_of_credentials() const {
    const std::string& login = credentials_.login;
    if (login.empty()) return "the login name is empty";
    if (credentials_.password.empty()) return "the password is empty";
    if (std::any_of(login.begin(), login.end(), base::is_control))
      return "the login name has control characters";
    if (!acting_for_.empty() && acting_for_ != login)
      return "the client asks to act for somebody else";
    return "";
  }

  void validate(Gsasl_session* session) override {
    credentials_.login = property(session, GSASL_AUTHID);
    credentials_.password = Secret(property(session, GSASL_PASSWORD));
    acting_for_ = property(session, GSASL_AUTHZID);
  }

  OwnedSession session_;
  State state_ = State::waiting;
  Credentials credentials_;
  std::string acting_for_;
  std::string login_;
};

}  // namespace

std::span<const std::string_view> server_mechanisms() { return offered; }

Result<std::unique_ptr<ServerExchange>> start_server(std::string_view mechanism) {
  if (!base::equals_ignoring_case(mechanism, "PLAIN"))
    return failure(ErrorCode::invalid_input, "this login mechanism is not on offer");
  TRY(OwnedSession session, start_session("PLAIN", true));
  return std::unique_ptr<ServerExchange>(std::make_unique<PlainServer>(std::move(session)));
}

}  // namespace waypost::sasl
