#include <utility>

#include "base/check.h"
#include "base/utf8.h"
#include "sasl/server_mechanisms.h"

// PLAIN and LOGIN: the client shows the password, and somebody else judges it.
namespace waypost::sasl {
namespace {

class PasswordServer : public ServerExchange {
 public:
  Step finish(bool good) final {
    CHECK(judging_);
    judging_ = false;
    if (!good) return refuse("the login name or the password is wrong");
    return succeed(std::move(login_));
  }
  Step go_on(ScramVerifier) final { CHECK(false); }

 protected:
  Step judge(std::string_view login, std::string_view password) {
    if (auto fault = fault_of_login(login); !fault.empty()) return refuse(std::string(fault));
    if (password.empty()) return refuse("the password is empty");
    if (!base::is_utf8(password)) return refuse("the password is not UTF-8");
    if (password.find('\0') != password.npos) return refuse("the password has a NUL");
    judging_ = true;
    login_ = login;
    Step step;
    step.kind = Step::Kind::verify;
    step.credentials = {login_, Secret(password)};
    return step;
  }

 private:
  std::string login_;
  bool judging_ = false;
};

// RFC 4616 §2: [authorization identity] NUL login NUL password.
class PlainServer final : public PasswordServer {
 public:
  Step step(std::optional<std::string_view> client_message) override {
    CHECK(!over_);
    if (!client_message) return challenge("");
    over_ = true;
    const std::string_view message = *client_message;
    if (message.size() > message_octets_max) return refuse("the PLAIN message is too long");
    const size_t first = message.find('\0');
    const size_t second = first == message.npos ? first : message.find('\0', first + 1);
    if (second == message.npos) return refuse("the PLAIN message does not have two NULs");
    const std::string_view acting_for = message.substr(0, first);
    const std::string_view login = message.substr(first + 1, second - first - 1);
    if (!acting_for.empty() && acting_for != login)
      return refuse("the client asks to act for somebody else");
    return judge(login, message.substr(second + 1));
  }

 private:
  bool over_ = false;
};

// The words are those that every server uses: some clients look at them. Many send the name with
// AUTH itself.
class LoginServer final : public PasswordServer {
 public:
  Step step(std::optional<std::string_view> client_message) override {
    CHECK(state_ != State::over);
    if (client_message && client_message->size() > message_octets_max) {
      state_ = State::over;
      return refuse("the LOGIN message is too long");
    }
    if (state_ == State::begun && !client_message) return challenge("Username:");
    if (state_ == State::begun) {
      state_ = State::named;
      login_ = *client_message;
      return challenge("Password:");
    }
    state_ = State::over;
    return judge(login_, client_message.value_or(""));
  }

 private:
  enum class State { begun, named, over };
  State state_ = State::begun;
  std::string login_;
};

}  // namespace

std::unique_ptr<ServerExchange> start_plain_server() { return std::make_unique<PlainServer>(); }
std::unique_ptr<ServerExchange> start_login_server() { return std::make_unique<LoginServer>(); }

}  // namespace waypost::sasl
