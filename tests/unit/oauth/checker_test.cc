#include "oauth/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/oauth/signing.h"

namespace waypost::oauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const SigningKey& elliptic() {
  static const SigningKey key = SigningKey::p256();
  return key;
}

KeySet set_of(const std::string& keys) {
  auto set = KeySet::parse("{\"keys\":[" + keys + "]}");
  CHECK(set);
  return *std::move(set);
}

constexpr base::WallTime now{std::chrono::seconds(1'800'000'000)};

Rules rules() {
  Rules all;
  all.issuer = "https://login.example.com";
  all.audiences = {"waypost", "mail.example.com"};
  return all;
}

// Good claims, of which each test changes one.
struct Claims {
  std::string iss = R"("https://login.example.com")";
  std::string aud = R"("waypost")";
  std::string exp = "1800000600";
  std::string email = R"("ann@Example.COM")";
  std::string more;

  std::string json() const {
    return R"({"iss":)" + iss + R"(,"aud":)" + aud + R"(,"exp":)" + exp + R"(,"email":)" + email +
           more + "}";
  }
};

std::string verdict(const std::string& token, const Rules& by = rules(),
                    std::string_view name = "") {
  const Checker checker(set_of(elliptic().jwk()), by);
  auto bearer = checker.check(name, token, now);
  if (!bearer) return bearer.error().message();
  return bearer->login + " as " + testing::PrintToString(bearer->sender_domains);
}

std::string verdict(const Claims& claims, const Rules& by = rules(), std::string_view name = "") {
  return verdict(elliptic().token(claims.json()), by, name);
}

const std::string good = R"(ann@Example.COM as { "example.com" })";

TEST(Checker, takes_a_token_of_each_algorithm) {
  for (const SigningKey& key : {SigningKey::rsa(2048), SigningKey::p256(), SigningKey::ed25519()}) {
    const Checker checker(set_of(elliptic().jwk() + "," + key.jwk()), rules());
    auto bearer = checker.check("", key.token(Claims().json()), now);
    ASSERT_TRUE(bearer) << bearer.error().message();
    EXPECT_EQ(bearer->login, "ann@Example.COM");
    EXPECT_THAT(bearer->sender_domains, ElementsAre("example.com"));
  }
}

TEST(Checker, refuses_a_token_of_anybody_else_or_changed_on_the_way) {
  const std::string unsigned_by_us = "no key that is known here has signed it";
  EXPECT_EQ(verdict(SigningKey::p256().token(Claims().json())), unsigned_by_us);
  EXPECT_EQ(verdict(SigningKey::rsa(2048).token(Claims().json())), unsigned_by_us);
  const std::string token = elliptic().token(Claims().json());
  Claims other;
  other.email = R"("bob@example.com")";
  const std::string foreign = elliptic().token(other.json());
  const size_t first = token.find('.');
  const size_t second = token.rfind('.');
  EXPECT_EQ(verdict(foreign.substr(0, foreign.rfind('.')) + token.substr(second)), unsigned_by_us);
  EXPECT_EQ(verdict(token.substr(0, second + 1)), unsigned_by_us);
  EXPECT_EQ(verdict(token.substr(0, second + 1) + base64url(std::string(64, '\0'))),
            unsigned_by_us);
  EXPECT_THAT(verdict(base64url(R"({"alg":"none"})") + token.substr(first, second + 1 - first)),
              HasSubstr("not signed by RS256"));
}

TEST(Checker, never_takes_a_public_key_for_a_shared_secret) {
  EXPECT_THAT(verdict(elliptic().sign(R"({"alg":"HS256"})", Claims().json())),
              HasSubstr("not signed by RS256"));
  EXPECT_THAT(verdict(elliptic().sign(R"({"alg":"RS256"})", Claims().json())),
              HasSubstr("no key that is known"));
}

TEST(Checker, uses_the_key_that_the_token_names) {
  const SigningKey old = SigningKey::ed25519();
  const SigningKey young = SigningKey::ed25519();
  const Checker checker(set_of(old.jwk(R"(,"kid":"old")") + "," + young.jwk(R"(,"kid":"young")")),
                        rules());
  const std::string claims = Claims().json();
  EXPECT_TRUE(checker.check("", young.token(claims, R"(,"kid":"young")"), now));
  EXPECT_TRUE(checker.check("", young.token(claims), now));
  EXPECT_FALSE(checker.check("", young.token(claims, R"(,"kid":"old")"), now));
  EXPECT_FALSE(checker.check("", young.token(claims, R"(,"kid":"gone")"), now));
}

TEST(Checker, asks_for_the_issuer_and_the_audience) {
  Claims claims;
  for (const char* iss : {R"("https://login.example.com/")", R"("x")", "7", "null"}) {
    claims.iss = iss;
    EXPECT_EQ(verdict(claims), "it is from another issuer") << iss;
  }
  claims = {};
  for (const char* aud : {R"("other")", R"(["other"])", "[]", "7", R"(["waypost",7])", "null"}) {
    claims.aud = aud;
    EXPECT_EQ(verdict(claims), "it is for another audience") << aud;
  }
  claims.aud = R"(["other","mail.example.com"])";
  EXPECT_EQ(verdict(claims), good);
}

TEST(Checker, asks_when_it_holds) {
  Claims claims;
  for (const char* exp : {"1799999940", "0", "-1"}) {
    claims.exp = exp;
    EXPECT_EQ(verdict(claims), "it has expired") << exp;
  }
  for (const char* exp : {R"("1800000600")", "null", "[]", "true"}) {
    claims.exp = exp;
    EXPECT_EQ(verdict(claims), "it does not say when it expires") << exp;
  }
  claims.exp = "1799999941.5";
  EXPECT_EQ(verdict(claims), good) << "within the clock's skew";
  claims = {};
  claims.more = R"(,"nbf":1800000061)";
  EXPECT_EQ(verdict(claims), "it does not hold yet");
  claims.more = R"(,"nbf":"soon")";
  EXPECT_EQ(verdict(claims), "it does not hold yet");
  claims.more = R"(,"nbf":1800000060)";
  EXPECT_EQ(verdict(claims), good);
}

TEST(Checker, asks_for_the_scope_where_one_is_wanted) {
  Rules by = rules();
  by.scope = "smtp";
  Claims claims;
  const std::string lacks = "it lacks the scope that is asked for here";
  for (const char* more : {"", R"(,"scope":"imap smtps")", R"(,"scope":7)", R"(,"scp":["imap"])"}) {
    claims.more = more;
    EXPECT_EQ(verdict(claims, by), lacks) << more;
  }
  for (const char* more :
       {R"(,"scope":"imap smtp")", R"(,"scp":["imap","smtp"])", R"(,"scp":"smtp imap")"}) {
    claims.more = more;
    EXPECT_EQ(verdict(claims, by), good) << more;
  }
}

TEST(Checker, is_for_the_login_that_the_client_says) {
  EXPECT_EQ(verdict(Claims(), rules(), "ann@example.com"), good);
  EXPECT_EQ(verdict(Claims(), rules(), "bob@example.com"), "it is another login's");
}

TEST(Checker, knows_no_login_that_it_could_not_show) {
  Claims claims;
  for (const char* email : {"7", "null", R"("")", R"("a\n@example.com")", R"(["a@example.com"])"}) {
    claims.email = email;
    EXPECT_EQ(verdict(claims), "it does not name a login") << email;
  }
  claims.email = '"' + std::string(250, 'x') + "@x.org\"";
  EXPECT_EQ(verdict(claims), "it does not name a login");
}

TEST(Checker, believes_no_address_that_the_issuer_has_not_verified) {
  Claims claims;
  for (const char* verified : {"false", R"("true")", "1", "null"}) {
    claims.more = std::string(R"(,"email_verified":)") + verified;
    EXPECT_EQ(verdict(claims), "its address is not verified") << verified;
  }
  claims.more = R"(,"email_verified":true)";
  EXPECT_EQ(verdict(claims), good);
}

TEST(Checker, lets_a_login_send_as_its_own_domain_or_as_the_token_says) {
  const std::string none = "it does not name the domains as which it may send";
  Claims claims;
  for (const char* email : {R"("ann")", R"("ann@")", R"("ann@[192.0.2.1]")", R"("a@*.com")"}) {
    claims.email = email;
    EXPECT_EQ(verdict(claims), none) << email;
  }
  Rules by = rules();
  by.domains_claim = "domains";
  claims = {};
  for (const char* more : {"", R"(,"domains":[])", R"(,"domains":["*.example.org"])",
                           R"(,"domains":["example.org",7])", R"(,"domains":"")"}) {
    claims.more = more;
    EXPECT_EQ(verdict(claims, by), none) << more;
  }
  claims.more = R"(,"domains":["Example.ORG","example.net"])";
  EXPECT_EQ(verdict(claims, by), R"(ann@Example.COM as { "example.org", "example.net" })");
}

}  // namespace
}  // namespace waypost::oauth
