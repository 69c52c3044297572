#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "oauth/checker.h"

using namespace waypost;

namespace {

void check_token(std::string_view octets) {
  static const oauth::KeySet keys = *oauth::KeySet::parse(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  const auto token = oauth::parse_token(octets);
  if (!token) {
    CHECK(token.error().code() == ErrorCode::invalid_input);
    return;
  }
  CHECK(octets.starts_with(token->signed_part) && octets[token->signed_part.size()] == '.');
  static_cast<void>(keys.signed_by_one(*token));
}

void check_bearer(const oauth::Bearer& bearer) {
  CHECK(!bearer.login.empty() && bearer.login.size() <= 255);
  CHECK(std::none_of(bearer.login.begin(), bearer.login.end(), base::is_control));
  CHECK(!bearer.sender_domains.empty());
  for (const std::string& domain : bearer.sender_domains)
    CHECK(!domain.empty() && domain.find_first_of("*[ \r\n") == std::string::npos);
}

void check_claims(std::string_view octets) {
  oauth::Rules rules;
  rules.issuer = "i";
  rules.audiences = {"a"};
  for (const char* domains_claim : {"", "d"}) {
    rules.domains_claim = domains_claim;
    const base::WallTime now(std::chrono::seconds(1000));
    const auto bearer = oauth::judge_claims(octets, rules, now);
    const auto introspected = oauth::judge_introspection(octets, rules, now);
    if (bearer)
      check_bearer(*bearer);
    else
      CHECK(bearer.error().code() == ErrorCode::permission_denied);
    if (introspected)
      check_bearer(introspected->bearer);
    else
      CHECK(introspected.error().code() == ErrorCode::permission_denied ||
            introspected.error().code() == ErrorCode::protocol);
    if (introspected) CHECK(introspected->time_left >= Duration(0));
  }
}

}  // namespace

// A token, a key set, or claims and what an issuer answers, as the first octet says.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 3 == 0) check_token(octets);
  if (data[0] % 3 == 1) check_claims(octets);
  if (data[0] % 3 == 2) static_cast<void>(oauth::KeySet::parse(octets));
  return 0;
}
