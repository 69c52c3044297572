#include "oauth/key_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/oauth/signing.h"

namespace waypost::oauth {
namespace {

using testing::HasSubstr;

std::string outcome(const std::string& json) {
  auto set = KeySet::parse(json);
  return set ? std::to_string(set->size()) : set.error().message();
}
std::string outcome_of_keys(const std::string& keys) {
  return outcome("{\"keys\":[" + keys + "]}");
}

TEST(KeySet, passes_over_keys_that_sign_nothing_here) {
  const std::string good = SigningKey::ed25519().jwk();
  EXPECT_EQ(outcome_of_keys(good + R"(,{"kty":"EC","crv":"P-521","x":"AA","y":"AA"})"), "1");
  EXPECT_EQ(outcome_of_keys(good + R"(,{"kty":"OKP","crv":"X25519","x":"AA"})"), "1");
  EXPECT_EQ(outcome_of_keys(good + "," + SigningKey::p256().jwk(R"(,"use":"enc")")), "1");
  EXPECT_EQ(outcome_of_keys(good + "," + SigningKey::p256().jwk(R"(,"alg":"ES512")")), "1");
  EXPECT_EQ(outcome_of_keys(good + "," + SigningKey::p256().jwk(R"(,"alg":"ES256")")), "2");
}

TEST(KeySet, refuses_what_is_none) {
  for (const char* text : {"", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[", "not JSON"})
    EXPECT_THAT(outcome(text), HasSubstr("no JSON Web Key Set")) << text;
  EXPECT_THAT(outcome_of_keys(""), HasSubstr("has no key"));
  EXPECT_THAT(outcome_of_keys("7"), HasSubstr("key 1 is no JSON object"));
  EXPECT_THAT(outcome(std::string(key_set_octets_max + 1, ' ')), HasSubstr("too long"));
}

TEST(KeySet, refuses_private_keys_and_shared_secrets) {
  EXPECT_THAT(outcome_of_keys(SigningKey::ed25519().jwk(R"(,"d":"AAAA")")), HasSubstr("private"));
  EXPECT_THAT(outcome_of_keys(R"({"kty":"oct","k":"AAAA"})"), HasSubstr("private"));
}

TEST(KeySet, refuses_keys_that_are_broken_or_weak) {
  const std::string refused = "broken or too weak";
  EXPECT_THAT(outcome_of_keys(SigningKey::rsa(1024).jwk()), HasSubstr(refused));
  EXPECT_THAT(outcome_of_keys(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"), HasSubstr(refused));
  EXPECT_THAT(outcome_of_keys(R"({"kty":"RSA"})"), HasSubstr(refused));
  EXPECT_THAT(outcome_of_keys(R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})"), HasSubstr(refused));
  const std::string off_the_curve = base64url(std::string(32, '\x01'));
  EXPECT_THAT(outcome_of_keys(R"({"kty":"EC","crv":"P-256","x":")" + off_the_curve + R"(","y":")" +
                              off_the_curve + "\"}"),
              HasSubstr(refused));
}

TEST(KeySet, holds_only_so_many) {
  const std::string key = SigningKey::ed25519().jwk();
  std::string keys = key;
  for (size_t count = 1; count < keys_max; ++count) keys += "," + key;
  EXPECT_EQ(outcome_of_keys(keys), std::to_string(keys_max));
  EXPECT_THAT(outcome_of_keys(keys + "," + key), HasSubstr("too many keys"));
}

// RFC 8037 appendices A.2 and A.4: made by somebody else.
TEST(KeySet, agrees_with_the_example_of_the_rfc) {
  auto set = KeySet::parse(R"({"keys":[{"kty":"OKP","crv":"Ed25519",)"
                           R"("x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  ASSERT_TRUE(set);
  auto token = parse_token(
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  ASSERT_TRUE(token) << token.error().message();
  EXPECT_EQ(token->payload, "Example of Ed25519 signing");
  EXPECT_TRUE(set->signed_by_one(*token));
  token->signed_part.back() ^= 1;
  EXPECT_FALSE(set->signed_by_one(*token));
}

TEST(Token, keeps_to_the_form) {
  const std::string good = SigningKey::ed25519().token("{}", R"(,"typ":"at+JWT")");
  EXPECT_TRUE(parse_token(good));
  const std::string header = good.substr(0, good.find('.'));
  const std::string rest = good.substr(good.find('.'));
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a.b"), good + ".", good + "=", good + "+",
        header + "=" + rest, "!" + rest, std::string(token_octets_max, 'A') + rest})
    EXPECT_FALSE(parse_token(bad)) << bad.substr(0, 40);
  for (const char* fields :
       {R"({})", R"([])", R"({"alg":7})", R"({"alg":"none"})", R"({"alg":"rs256"})",
        R"({"alg":"EdDSA","crit":["exp"]})", R"({"alg":"EdDSA","typ":"dpop+jwt"})",
        R"({"alg":"EdDSA","typ":7})", R"({"alg":"EdDSA","kid":7})"})
    EXPECT_FALSE(parse_token(base64url(fields) + rest)) << fields;
}

}  // namespace
}  // namespace waypost::oauth
