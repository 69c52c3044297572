#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "sasl/base64.h"
#include "smtp/limits.h"
#include "submission/session.h"

// The commands that are dialogues of their own: STARTTLS, AUTH.
namespace waypost::submission {
namespace {

constexpr smtp::EnhancedCode bad_arguments{5, 5, 4};

// What the exchange says to a response as the wire spells it; nothing when that is not base64. "="
// is an empty one (RFC 4954 §4).
std::optional<sasl::Step> take_response(sasl::ServerExchange& exchange, std::string_view base64) {
  if (base64 == "=") base64 = {};
  Result<std::string> message = sasl::base64_decode(base64, sasl::message_octets_max);
  if (!message) return std::nullopt;
  sasl::Step step = exchange.step(*message);
  base::Secret::wipe(*message);
  return step;
}

}  // namespace

io::Task<std::optional<smtp::Reply>> Session::on_starttls() {
  // RFC 3207 §6: what stands behind the command came from whoever can write into the clear text.
  if (!connection_.buffered().empty()) {
    end_with(smtp::reply(554, {5, 5, 1}, "Nothing may follow STARTTLS before TLS; closing"));
    co_return std::nullopt;
  }
  connection_.append(smtp::reply(220, {2, 0, 0}, "Ready to start TLS"));
  co_await secure();
  co_return std::nullopt;
}

io::Task<std::optional<smtp::Reply>> Session::on_auth(std::string_view arguments) {
  const std::string_view mechanism = arguments.substr(0, arguments.find_first_of(" \t"));
  const std::string_view initial_response = base::trim(arguments.substr(mechanism.size()));
  Result<std::unique_ptr<sasl::ServerExchange>> exchange = sasl::start_server(mechanism);
  if (!exchange) co_return smtp::reply(504, bad_arguments, "AUTH takes a mechanism: AUTH PLAIN");

  std::optional<sasl::Step> step = initial_response.empty()
                                       ? (*exchange)->step(std::nullopt)
                                       : take_response(**exchange, initial_response);
  while (step && step->kind == sasl::Step::Kind::challenge) {
    connection_.append(smtp::reply(334, sasl::base64_encode(step->challenge)));
    std::optional<std::string> response = co_await next_line(smtp::auth_line_octets_max);
    if (!response) co_return std::nullopt;
    if (*response == "*") co_return smtp::reply(501, {5, 7, 0}, "AUTH was cancelled");
    step = take_response(**exchange, *response);
    base::Secret::wipe(*response);
  }
  if (!step) co_return smtp::reply(501, {5, 5, 2}, "The response is not base64, or too long");
  smtp::Reply reply = co_await log_in(**exchange, *std::move(step));
  co_return reply;
}

io::Task<smtp::Reply> Session::log_in(sasl::ServerExchange& exchange, sasl::Step step) {
  std::optional<Login> login;
  if (step.kind == sasl::Step::Kind::verify) {
    co_await wait_for_login(step.credentials.login);
    Result<std::optional<Login>> checked = co_await services_.authenticator->check(
        std::move(step.credentials.login), std::move(step.credentials.password));
    if (!checked)
      co_return smtp::reply(454, {4, 7, 0}, "Logins cannot be checked now; try again later");
    login = *std::move(checked);
    step = exchange.finish(login.has_value());
  }
  if (step.kind != sasl::Step::Kind::success || !login) {
    smtp::Reply refused = co_await refuse_login();
    co_return refused;
  }
  submitter_.authenticated = true;
  submitter_.login = std::move(login->name);
  submitter_.tenant = std::move(login->tenant);
  submitter_.stream = std::move(login->stream);
  sender_domains_ = std::move(login->sender_domains);
  welcome_login();
  co_return smtp::reply(235, {2, 7, 0}, "Logged in");
}

}  // namespace waypost::submission
