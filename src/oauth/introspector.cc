#include "oauth/introspector.h"

#include <algorithm>
#include <utility>

#include "io/digest.h"
#include "oauth/token.h"
#include "sasl/base64.h"

namespace waypost::oauth {
namespace {

std::string digest_of(const Secret& token) {
  io::Digest digest;
  digest.add(token.reveal());
  return digest.hex();
}

// RFC 6749 §2.3.1: both are encoded as a form's fields first.
std::string basic_credentials(const std::string& id, const Secret& secret) {
  std::string pair = base::percent_encode(id) + ":" + base::percent_encode(secret.reveal());
  std::string credentials = "Basic " + sasl::base64_encode(pair);
  Secret::wipe(pair);
  return credentials;
}

std::string refusal_in(const web::Response& response) {
  std::string said = "it answered " + std::to_string(response.code);
  if (response.code == 401 || response.code == 403)
    return said + ": are client_id and client_secret_file those that it knows?";
  if (response.code / 100 == 3) return said + ", and redirects are not followed";
  return said;
}

}  // namespace

Introspector::Introspector(io::Loop& loop, Settings settings, Ask ask, Told told)
    : loop_(loop), settings_(std::move(settings)), ask_(std::move(ask)), told_(std::move(told)) {}

io::Task<Result<Bearer>> Introspector::check(std::string name, Secret token) {
  if (token.reveal().size() > token_octets_max)
    co_return failure(ErrorCode::permission_denied, "it is too long");
  const std::string digest = digest_of(token);
  Bearer bearer;
  if (const Bearer* known = recall(digest)) {
    bearer = *known;
  } else {
    CO_TRY(Introspected introspected, co_await find_out(digest, token));
    bearer = std::move(introspected.bearer);
  }
  CO_TRY_VOID(check_name(name, bearer));
  co_return bearer;
}

// One question for all who show the same token meanwhile.
io::Task<Introspector::Answer> Introspector::find_out(const std::string& digest,
                                                      const Secret& token) {
  if (const auto others = asking_.find(digest); others != asking_.end()) {
    Waiter waiter;
    others->second.push_back(&waiter);
    Answer theirs = co_await waiter;
    co_return theirs;
  }
  if (asking_.size() >= settings_.questions_max)
    co_return failure(ErrorCode::resource_exhausted, "too many tokens are asked about at once");
  asking_.try_emplace(digest);
  Answer answer = co_await ask_issuer(token);
  if (answer) remember(digest, *answer);
  const bool is_known = answer || answer.error().code() == ErrorCode::permission_denied;
  told_(is_known ? std::nullopt : std::optional(answer.error().describe()));
  const auto asked = asking_.extract(digest);
  for (Waiter* waiter : asked.mapped()) waiter->complete(answer);
  co_return answer;
}

io::Task<Introspector::Answer> Introspector::ask_issuer(const Secret& token) {
  auto response =
      co_await ask_(settings_.url, question_about(token), loop_.now() + settings_.answer_timeout);
  if (!response) co_return failure(std::move(response).error());
  co_return judge(*response);
}

web::Request Introspector::question_about(const Secret& token) const {
  web::Request request;
  request.method = "POST";
  request.fields = {
      {"Content-Type", "application/x-www-form-urlencoded"},
      {"Accept", "application/json"},
      {"Authorization", basic_credentials(settings_.client_id, settings_.client_secret)}};
  request.body = "token=" + base::percent_encode(token.reveal()) + "&token_type_hint=access_token";
  return request;
}

Introspector::Answer Introspector::judge(const web::Response& response) const {
  const auto of_whom = [&](Error error) {
    return failure(std::move(error).while_doing("asking " + settings_.url.authority()));
  };
  if (response.code != 200) return of_whom({ErrorCode::protocol, refusal_in(response)});
  auto judged = judge_introspection(response.body, settings_.rules, loop_.wall_now());
  if (!judged && judged.error().code() != ErrorCode::permission_denied)
    return of_whom(std::move(judged).error());
  return judged;
}

const Bearer* Introspector::recall(const std::string& digest) const {
  const auto known = known_.find(digest);
  const bool is_good = known != known_.end() && loop_.now() < known->second.good_until;
  return is_good ? &known->second.bearer : nullptr;
}

void Introspector::remember(const std::string& digest, const Introspected& introspected) {
  const Duration kept = std::min(settings_.cache_for, introspected.time_left);
  if (kept <= Duration(0)) return;
  const auto [known, is_new] =
      known_.insert_or_assign(digest, Known{introspected.bearer, loop_.now() + kept});
  if (!is_new) return;
  oldest_first_.push_back(digest);
  while (oldest_first_.size() > settings_.cached_max || !recall(oldest_first_.front())) {
    known_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
}

}  // namespace waypost::oauth
