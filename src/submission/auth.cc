#include <utility>

#include "base/ascii.h"
#include "sasl/base64.h"
#include "smtp/limits.h"
#include "submission/session.h"

// The command AUTH, RFC 4954: the exchange itself is sasl's, and what it asks for is found here.
namespace waypost::submission {
namespace {

constexpr smtp::EnhancedCode bad_arguments{5, 5, 4};

smtp::Reply cannot_check() {
  return smtp::reply(454, {4, 7, 0}, "Logins cannot be checked now; try again later");
}

// What the exchange says to a response as the wire spells it; nothing when that is not base64. "="
// is an empty one (RFC 4954 §4).
std::optional<sasl::Step> take_response(sasl::ServerExchange& exchange, std::string_view base64) {
  if (base64 == "=") base64 = {};
  Result<std::string> message = sasl::base64_decode(base64, exchange.octets_max());
  if (!message) return std::nullopt;
  sasl::Step step = exchange.step(*message);
  base::Secret::wipe(*message);
  return step;
}

std::string list_of(const std::vector<std::string_view>& mechanisms) {
  std::string list;
  for (std::string_view name : mechanisms) list.append(list.empty() ? "" : " ").append(name);
  return list;
}

}  // namespace

std::string Session::login_mechanisms() const {
  return list_of(
      sasl::server_mechanisms(!connection_.channel_bindings().empty(), token_scope().has_value()));
}

std::optional<std::string> Session::token_scope() const {
  return services_.authenticator ? services_.authenticator->token_scope() : std::nullopt;
}

io::Task<std::optional<smtp::Reply>> Session::on_auth(std::string_view arguments) {
  const std::string_view mechanism = arguments.substr(0, arguments.find_first_of(" \t"));
  const std::string_view initial_response = base::trim(arguments.substr(mechanism.size()));
  auto exchange = sasl::start_server(
      mechanism, {connection_.channel_bindings(), services_.loop.rng(), token_scope()});
  if (!exchange)
    co_return smtp::reply(504, bad_arguments,
                          "AUTH takes one of these mechanisms: " + login_mechanisms());
  LoginAttempt attempt{*std::move(exchange), {}, {}, {}};
  attempt.step = initial_response.empty() ? attempt.exchange->step(std::nullopt)
                                          : take_response(*attempt.exchange, initial_response);
  std::optional<smtp::Reply> reply;
  while (!reply && !ended_) reply = co_await go_on(attempt);
  co_return reply;
}

io::Task<std::optional<smtp::Reply>> Session::go_on(LoginAttempt& attempt) {
  if (!attempt.step)
    co_return smtp::reply(501, {5, 5, 2}, "The response is not base64, or too long");
  std::optional<smtp::Reply> reply;
  switch (attempt.step->kind) {
    case sasl::Step::Kind::challenge:
      reply = co_await ask(attempt);
      break;
    case sasl::Step::Kind::look_up:
      reply = co_await look_up(attempt);
      break;
    case sasl::Step::Kind::verify:
      if (attempt.step->credentials.is_token)
        reply = co_await verify_token(attempt);
      else
        reply = co_await verify(attempt);
      break;
    case sasl::Step::Kind::success:
      if (attempt.login) co_return log_in(*std::move(attempt.login));
      [[fallthrough]];
    case sasl::Step::Kind::refused:
      reply = co_await refuse_login(std::move(attempt.fault));
  }
  co_return reply;
}

io::Task<std::optional<smtp::Reply>> Session::ask(LoginAttempt& attempt) {
  connection_.append(smtp::reply(334, sasl::base64_encode(attempt.step->challenge)));
  std::optional<std::string> response = co_await next_line(smtp::auth_line_octets_max);
  if (!response) co_return std::nullopt;
  if (*response == "*") co_return smtp::reply(501, {5, 7, 0}, "AUTH was cancelled");
  attempt.step = take_response(*attempt.exchange, *response);
  base::Secret::wipe(*response);
  co_return std::nullopt;
}

io::Task<std::optional<smtp::Reply>> Session::look_up(LoginAttempt& attempt) {
  const std::string login = attempt.step->credentials.login;
  co_await wait_for_login(login);
  auto found = co_await services_.authenticator->look_up(login);
  if (!found) co_return cannot_check();
  attempt.login = std::move(found->login);
  attempt.step = attempt.exchange->go_on(std::move(found->verifier));
  co_return std::nullopt;
}

io::Task<std::optional<smtp::Reply>> Session::verify(LoginAttempt& attempt) {
  sasl::Credentials& credentials = attempt.step->credentials;
  co_await wait_for_login(credentials.login);
  auto checked = co_await services_.authenticator->check(std::move(credentials.login),
                                                         std::move(credentials.password));
  if (!checked) co_return cannot_check();
  attempt.login = *std::move(checked);
  attempt.step = attempt.exchange->finish(attempt.login.has_value());
  co_return std::nullopt;
}

// Of a token that is no good its bearer hears why: nobody else has one that is signed, and of one
// that is not the reason tells nothing.
io::Task<std::optional<smtp::Reply>> Session::verify_token(LoginAttempt& attempt) {
  sasl::Credentials& credentials = attempt.step->credentials;
  if (!credentials.login.empty()) co_await wait_for_login(credentials.login);
  auto checked = co_await services_.authenticator->check_token(std::move(credentials.login),
                                                               std::move(credentials.password));
  if (!checked) co_return cannot_check();
  const bool good = checked->has_value();
  if (good) {
    attempt.login = std::move(**checked);
  } else {
    attempt.fault = "The token is no good: " + checked->error();
    count_failed_login();  // now: the client may call the exchange off instead of hearing its end
  }
  attempt.step = attempt.exchange->finish(good);
  co_return std::nullopt;
}

smtp::Reply Session::log_in(Login login) {
  submitter_.authenticated = true;
  submitter_.login = std::move(login.name);
  submitter_.tenant = std::move(login.tenant);
  submitter_.stream = std::move(login.stream);
  submitter_.sender_domains = std::move(login.sender_domains);
  welcome_login();
  return smtp::reply(235, {2, 7, 0}, "Logged in");
}

}  // namespace waypost::submission
