#include "domains/domain_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::domains {
namespace {

using testing::HasSubstr;

const std::string sound_file =
    "domain = \"shop.example\"\n"
    "return_path = \"bounces.shop.example\"\n"
    "policy = \"quarantine\"\n"
    "[[key]]\n"
    "selector = \"r1\"\n"
    "type = \"rsa2048\"\n"
    "state = \"signing\"\n"
    "file = \"r1.pem\"\n"
    "made_at = \"2026-11-21T09:08:07.000000Z\"\n"
    "since = \"2026-11-21T10:00:00.000000Z\"\n";

std::string replaced(std::string_view what, std::string_view with) {
  std::string text = sound_file;
  text.replace(text.find(what), what.size(), with);
  return text;
}

std::string why(const std::string& octets) {
  auto domain = decode_domain(octets, "shop.example.toml");
  if (domain) return "sound";
  EXPECT_EQ(domain.error().code(), ErrorCode::corrupt);
  return domain.error().message();
}

TEST(DomainFileTest, what_is_written_is_read_again) {
  auto domain = decode_domain(sound_file, "shop.example.toml");
  ASSERT_TRUE(domain) << domain.error().describe();
  EXPECT_EQ(domain->return_path, "bounces.shop.example");
  EXPECT_EQ(domain->policy, mailauth::DmarcPolicy::quarantine);
  ASSERT_EQ(domain->keys.size(), 1u);
  EXPECT_EQ(domain->keys[0].state, KeyState::signing);
  EXPECT_EQ(base::to_rfc3339(domain->keys[0].since), "2026-11-21T10:00:00.000000Z");
  domain->keys.push_back({"e1", KeyType::ed25519, KeyState::prepared, "e1.pem",
                          domain->keys[0].made_at, domain->keys[0].since});
  EXPECT_EQ(*decode_domain(encode_domain(*domain), "again"), *domain);

  SendingDomain bare;
  bare.domain = "shop.example";
  EXPECT_EQ(*decode_domain(encode_domain(bare), "bare"), bare);
  bare.senders = "ip4:192.0.2.1 a:mail.shop.example";
  bare.reports = "dmarc@shop.example";
  EXPECT_EQ(*decode_domain(encode_domain(bare), "bare"), bare);
}

TEST(DomainFileTest, says_where_a_file_is_wrong) {
  EXPECT_EQ(why(sound_file), "sound");
  EXPECT_THAT(why(""), HasSubstr("shop.example.toml:1:1: `domain` is missing"));
  EXPECT_THAT(why(replaced("type = \"rsa2048\"", "type = \"dsa\"")),
              HasSubstr("shop.example.toml:6:1: a key has no `type` of this form"));
  EXPECT_THAT(why(replaced("2026-11-21T10", "tomorrow")), HasSubstr(":10:1: a key has no `since`"));
  EXPECT_THAT(why(replaced("file = \"r1.pem\"\n", "")), HasSubstr(":4:"));
  EXPECT_THAT(why(replaced("policy = \"quarantine\"", "senders = \"mx\\\"\"")),
              HasSubstr("cannot stand in a record"));
  EXPECT_THAT(why(replaced("policy = \"quarantine\"", "policy = 1")), HasSubstr(":3:1:"));
  EXPECT_THAT(why(replaced("policy", "police")), HasSubstr("no `police`"));
  EXPECT_THAT(why(replaced("\"r1.pem\"", "\"../../r1.pem\"")), HasSubstr("must be the name of"));
  EXPECT_THAT(why(replaced("domain = \"shop.example\"", "domain = \"Shop\"")), HasSubstr("lower"));
  EXPECT_THAT(why(replaced("[[key]]", "[key]")), HasSubstr("no `key` of this form"));
  EXPECT_THAT(why("domain = \"shop.example\"\nkey = [1]\n"), HasSubstr("a key is a table"));
  EXPECT_THAT(why(replaced("policy = ", "policy ")), HasSubstr("shop.example.toml:3:"));
  EXPECT_THAT(why(std::string("\0\xff\x1b[2J", 6)), HasSubstr("shop.example.toml:1:"));
  EXPECT_THAT(why(std::string(domain_file_octets_max + 1, '#')), HasSubstr("octets"));
}

}  // namespace
}  // namespace waypost::domains
