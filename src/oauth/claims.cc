#include "oauth/claims.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <boost/json.hpp>

#include "base/ascii.h"
#include "base/utf8.h"
#include "smtp/address.h"

namespace waypost::oauth {
namespace {

using boost::json::object;
using boost::json::value;
using Seconds = std::chrono::duration<double>;

constexpr size_t login_octets_max = 255;
constexpr size_t domains_max = 100;

tl::unexpected<Error> refuse(const char* why) { return failure(ErrorCode::permission_denied, why); }

std::string_view view(const value& text) { return std::string_view(text.get_string()); }

// The texts of a claim that is one text or a list of them; none when it is neither.
std::optional<std::vector<std::string>> texts_in(const object& claims, std::string_view name) {
  const value* claim = claims.if_contains(name);
  if (!claim) return std::nullopt;
  if (claim->is_string()) return std::vector{std::string(view(*claim))};
  if (!claim->is_array()) return std::nullopt;
  std::vector<std::string> texts;
  for (const value& item : claim->get_array()) {
    if (!item.is_string()) return std::nullopt;
    texts.emplace_back(view(item));
  }
  return texts;
}

// Seconds since 1970, whole or with a fraction (RFC 7519 §2).
std::optional<double> seconds_in(const object& claims, std::string_view name) {
  const value* claim = claims.if_contains(name);
  if (!claim || !claim->is_number()) return std::nullopt;
  const double seconds = claim->to_number<double>();
  return std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
}

Result<void> check_times(const object& claims, base::WallTime now, Duration skew) {
  const double at = Seconds(now.time_since_epoch()).count();
  const double tolerance = Seconds(skew).count();
  if (claims.contains("exp")) {
    const auto expires = seconds_in(claims, "exp");
    if (!expires) return refuse("it does not say when it expires");
    if (*expires + tolerance <= at) return refuse("it has expired");
  }
  if (!claims.contains("nbf")) return {};
  const auto begins = seconds_in(claims, "nbf");
  if (!begins || *begins - tolerance > at) return refuse("it does not hold yet");
  return {};
}

Result<void> check_issuer(const object& claims, const Rules& rules) {
  const value* issuer = claims.if_contains("iss");
  if (!issuer || !issuer->is_string() || view(*issuer) != rules.issuer)
    return refuse("it is from another issuer");
  return {};
}

Result<void> check_audience(const object& claims, const Rules& rules) {
  const auto audiences = texts_in(claims, "aud");
  const auto is_ours = [&](const std::string& audience) {
    return std::find(rules.audiences.begin(), rules.audiences.end(), audience) !=
           rules.audiences.end();
  };
  if (!audiences || std::none_of(audiences->begin(), audiences->end(), is_ours))
    return refuse("it is for another audience");
  return {};
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view next = words.substr(0, words.find(' '));
    if (next == word) return true;
    words.remove_prefix(std::min(next.size() + 1, words.size()));
  }
  return false;
}

// RFC 8693 §4.2 has one text with spaces; some issuers have a list, and call it "scp".
Result<void> check_scope(const object& claims, const std::string& scope) {
  if (scope.empty()) return {};
  for (std::string_view name : {"scope", "scp"}) {
    const auto texts = texts_in(claims, name).value_or(std::vector<std::string>());
    if (std::any_of(texts.begin(), texts.end(),
                    [&](const std::string& text) { return has_word(text, scope); }))
      return {};
  }
  return refuse("it lacks the scope that is asked for here");
}

bool is_fit_login(std::string_view login) {
  return !login.empty() && login.size() <= login_octets_max && base::is_utf8(login) &&
         std::none_of(login.begin(), login.end(), base::is_control);
}

// An address that its issuer has not verified is what a user wrote into a form.
bool is_unverified(const object& claims, const Rules& rules) {
  const value* verified = claims.if_contains("email_verified");
  return rules.login_claim == "email" && verified && !(verified->is_bool() && verified->get_bool());
}

Result<std::string> login_in(const object& claims, const Rules& rules) {
  const value* login = claims.if_contains(rules.login_claim);
  if (!login || !login->is_string() || !is_fit_login(view(*login)))
    return refuse("it does not name a login");
  if (is_unverified(claims, rules)) return refuse("its address is not verified");
  return std::string(view(*login));
}

Result<std::vector<std::string>> domains_in(const object& claims, const Rules& rules,
                                            const std::string& login) {
  std::vector<std::string> named;
  if (rules.domains_claim.empty())
    named.push_back(login.substr(std::min(login.rfind('@'), login.size() - 1) + 1));
  else
    named = texts_in(claims, rules.domains_claim).value_or(std::vector<std::string>());
  if (named.empty() || named.size() > domains_max)
    return refuse("it does not name the domains as which it may send");
  std::vector<std::string> domains;
  for (const std::string& name : named) {
    auto domain = smtp::parse_domain(name);
    if (!domain || domain->starts_with('['))
      return refuse("it does not name the domains as which it may send");
    domains.push_back(*std::move(domain));
  }
  return domains;
}

// What both kinds of answers about a token have.
Result<Bearer> bearer_in(const object& claims, const Rules& rules, base::WallTime now) {
  TRY_VOID(check_audience(claims, rules));
  TRY_VOID(check_times(claims, now, rules.clock_skew));
  TRY_VOID(check_scope(claims, rules.scope));
  Bearer bearer;
  TRY(bearer.login, login_in(claims, rules));
  TRY(bearer.sender_domains, domains_in(claims, rules, bearer.login));
  return bearer;
}

// How long it still holds by its own word; without one, for ever.
Duration time_left(const object& claims, base::WallTime now) {
  const auto expires = seconds_in(claims, "exp");
  const double left = expires ? *expires - Seconds(now.time_since_epoch()).count() : HUGE_VAL;
  constexpr double longest = Seconds(std::chrono::years(1)).count();
  return std::chrono::duration_cast<Duration>(Seconds(std::clamp(left, 0.0, longest)));
}

// RFC 7662 §2.2: a token that has to be shown in another way than as a bearer's is none here.
Result<void> check_kind(const object& answer) {
  const value* kind = answer.if_contains("token_type");
  if (!kind) return {};
  if (!kind->is_string() || !base::equals_ignoring_case(view(*kind), "Bearer"))
    return refuse("it is no bearer token");
  return {};
}

}  // namespace

Result<Bearer> judge_claims(std::string_view payload, const Rules& rules, base::WallTime now) {
  boost::system::error_code error;
  const value document = boost::json::parse(payload, error);
  if (error || !document.is_object()) return refuse("its payload is not JSON");
  const object& claims = document.get_object();
  TRY_VOID(check_issuer(claims, rules));
  if (!seconds_in(claims, "exp")) return refuse("it does not say when it expires");
  return bearer_in(claims, rules, now);
}

Result<Introspected> judge_introspection(std::string_view json, const Rules& rules,
                                         base::WallTime now) {
  boost::system::error_code error;
  const value document = boost::json::parse(json, error);
  const object* answer = error ? nullptr : document.if_object();
  const value* active = answer ? answer->if_contains("active") : nullptr;
  if (!active || !active->is_bool())
    return failure(ErrorCode::protocol, "its answer does not say whether the token is active");
  if (!active->get_bool()) return refuse("its issuer says that it is not, or no longer, active");
  if (answer->contains("iss")) TRY_VOID(check_issuer(*answer, rules));
  TRY_VOID(check_kind(*answer));
  Introspected introspected;
  TRY(introspected.bearer, bearer_in(*answer, rules, now));
  introspected.time_left = time_left(*answer, now);
  return introspected;
}

Result<void> check_name(std::string_view name, const Bearer& bearer) {
  if (!name.empty() && !base::equals_ignoring_case(name, bearer.login))
    return refuse("it is another login's");
  return {};
}

}  // namespace waypost::oauth
