#include <algorithm>
#include <utility>

#include "submission/session.h"
#include "submission/shown_login.h"

// What guessing costs: AUTH has its turn, and a failed one is answered late.
namespace waypost::submission {
namespace {

constexpr unsigned login_delay_doublings_max = 6;

constexpr smtp::EnhancedCode bad_credentials{5, 7, 8};

}  // namespace

io::Task<std::optional<smtp::Reply>> Session::on_auth_in_turn(std::string_view arguments) {
  Guesses& guesses = services_.clients.guesses;
  tried_login_.clear();
  turn_ = guesses.take_turn(network_, services_.loop.now());
  if (turn_.refused) {
    ended_ = true;
    co_return smtp::reply(421, {4, 7, 0}, "Too many failed logins from your address; try later");
  }
  if (turn_.wait > Duration(0)) co_await pause(turn_.wait);
  std::optional<smtp::Reply> reply = co_await on_auth(arguments);
  guesses.give_back(turn_, network_);
  co_return reply;
}

io::Task<void> Session::wait_for_login(std::string login) {
  const Duration wait = services_.clients.guesses.wait_for(login, network_, services_.loop.now());
  tried_login_ = std::move(login);
  if (wait > Duration(0)) co_await pause(wait);
}

void Session::welcome_login() {
  services_.clients.guesses.succeeded(turn_, submitter_.login, network_, services_.loop.now());
}

void Session::tell_of_failed_login() {
  if (!services_.login_failed) return;
  if (!services_.clients.failed_login_is_worth_a_line(services_.loop.now())) return;
  services_.login_failed(
      {submitter_.client.address, shown_login(tried_login_), submitter_.session});
}

void Session::count_failed_login() {
  services_.clients.guesses.failed(turn_, tried_login_, network_, services_.loop.now());
  tell_of_failed_login();
}

// With a password the same words and the same wait whatever was wrong, so that nobody learns which
// names exist. `why` is of a token, which was counted when it was judged.
io::Task<smtp::Reply> Session::refuse_login(std::string why) {
  if (why.empty()) count_failed_login();
  const unsigned doublings = std::min(login_failures_, login_delay_doublings_max);
  ++login_failures_;
  co_await pause(settings_.login_failure_delay * (1 << doublings));
  if (login_failures_ < settings_.login_failures_max)
    co_return smtp::reply(535, bad_credentials,
                          why.empty() ? "The name or the secret is wrong" : std::move(why));
  ended_ = true;
  co_return smtp::reply(421, {4, 7, 0}, "Too many failed logins; closing");
}

}  // namespace waypost::submission
