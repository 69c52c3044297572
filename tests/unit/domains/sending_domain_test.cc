#include "domains/sending_domain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::domains {
namespace {

using std::chrono::days;
using testing::HasSubstr;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

DomainKey key(const std::string& selector, KeyType type, KeyState state) {
  return {selector, type, state, selector + ".pem", noon, noon};
}

SendingDomain shop(std::vector<DomainKey> keys) {
  SendingDomain domain;
  domain.domain = "shop.example";
  domain.keys = std::move(keys);
  return domain;
}

TEST(SendingDomainTest, names_come_in_any_form_and_are_kept_in_one) {
  EXPECT_EQ(*normal_name("Shop.Example.", "domain"), "shop.example");
  EXPECT_EQ(*normal_name("b\xc3\xbc"
                         "cher.example",
                         "domain"),
            "xn--bcher-kva.example");
  for (const char* bad : {"", "..", "a/b", "../etc", "a..b", "[192.0.2.1]", "a b", "\x01"}) {
    auto refused = normal_name(bad, "domain");
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().message(), HasSubstr("the domain \""));
  }
}

TEST(SendingDomainTest, a_new_key_signs_and_the_old_one_of_its_type_is_retired) {
  SendingDomain domain = shop({key("r1", KeyType::rsa, KeyState::signing),
                               key("e1", KeyType::ed25519, KeyState::signing),
                               key("r2", KeyType::rsa, KeyState::prepared)});
  const WallTime later = noon + days(3);
  ASSERT_TRUE(start_signing(domain, "r2", later));
  EXPECT_EQ(domain.find("r2")->state, KeyState::signing);
  EXPECT_EQ(domain.find("r2")->since, later);
  EXPECT_EQ(domain.find("r1")->state, KeyState::retired);
  EXPECT_EQ(domain.find("e1")->state, KeyState::signing);
  EXPECT_EQ(domain.find("e1")->since, noon);
  EXPECT_TRUE(check_domain(domain));

  EXPECT_FALSE(may_be_withdrawn(*domain.find("r1"), later + days(13)));
  EXPECT_TRUE(may_be_withdrawn(*domain.find("r1"), later + days(14)));
  EXPECT_FALSE(may_be_withdrawn(*domain.find("r2"), later + days(14)));
}

TEST(SendingDomainTest, signing_and_retiring_twice_changes_nothing) {
  SendingDomain domain = shop({key("r1", KeyType::rsa, KeyState::signing)});
  const SendingDomain before = domain;
  ASSERT_TRUE(start_signing(domain, "r1", noon + days(1)));
  EXPECT_EQ(domain, before);
  ASSERT_TRUE(retire(domain, "r1", noon + days(1)));
  const SendingDomain retired = domain;
  ASSERT_TRUE(retire(domain, "r1", noon + days(2)));
  EXPECT_EQ(domain, retired);
}

TEST(SendingDomainTest, a_retired_key_never_signs_again) {
  SendingDomain domain = shop({key("r1", KeyType::rsa, KeyState::retired)});
  auto refused = start_signing(domain, "r1", noon);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("make a new one"));
  EXPECT_EQ(start_signing(domain, "r9", noon).error().code(), ErrorCode::not_found);
  EXPECT_EQ(retire(domain, "r9", noon).error().code(), ErrorCode::not_found);
}

TEST(SendingDomainTest, refuses_what_no_domain_may_have) {
  auto why = [](const SendingDomain& domain) {
    auto sound = check_domain(domain);
    return sound ? std::string("sound") : sound.error().message();
  };
  EXPECT_EQ(why(shop({key("r1", KeyType::rsa, KeyState::signing)})), "sound");
  EXPECT_THAT(why(shop({key("r1", KeyType::rsa, KeyState::signing),
                        key("r2", KeyType::rsa, KeyState::signing)})),
              HasSubstr("two keys of the type rsa2048 sign at once"));
  EXPECT_THAT(why(shop({key("r1", KeyType::rsa, KeyState::signing),
                        key("r1", KeyType::ed25519, KeyState::signing)})),
              HasSubstr("two keys have the selector r1"));
  EXPECT_THAT(why(shop({key("R1", KeyType::rsa, KeyState::signing)})), HasSubstr("lower case"));
  for (const char* file : {"../r1.pem", "/etc/r1.pem", ".r1.pem", "r1", "", "a/r1.pem"}) {
    DomainKey led_away = key("r1", KeyType::rsa, KeyState::signing);
    led_away.file = file;
    EXPECT_THAT(why(shop({led_away})), HasSubstr("must be the name of a .pem file")) << file;
  }
  DomainKey same_file = key("e1", KeyType::ed25519, KeyState::signing);
  same_file.file = "r1.pem";
  EXPECT_THAT(why(shop({key("r1", KeyType::rsa, KeyState::signing), same_file})),
              HasSubstr("two keys have the file r1.pem"));
  SendingDomain elsewhere = shop({});
  elsewhere.return_path = "../x";
  EXPECT_THAT(why(elsewhere), HasSubstr("return path"));
  std::vector<DomainKey> many;
  for (size_t i = 0; i <= domain_keys_max; ++i)
    many.push_back(key("k" + std::to_string(i), KeyType::rsa, KeyState::retired));
  EXPECT_THAT(why(shop(many)), HasSubstr("at most 16"));
}

}  // namespace
}  // namespace waypost::domains
