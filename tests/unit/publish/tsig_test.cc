#include "publish/tsig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/message.h"
#include "publish/update.h"

namespace waypost::publish {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view key_file =
    "// made by a program\n"
    "key \"Update.Shop.Example.\" {\n"
    "\talgorithm HMAC-SHA256;  # the usual\n"
    "\tsecret \"c2VjcmV0IG9mIHRoaXJ0eS10d28gb2N0ZXRzISEhISE=\";\n"
    "};\n";

// From here on, what dnspython 2.3 makes of the same key at the same second: an update of nothing
// in shop.example with the id 0x1234, its signature, and the signed answer "done".
constexpr std::string_view unsigned_hex =
    "1234280000010000000000000473686f70076578616d706c650000060001";
constexpr std::string_view mac_hex =
    "0c0ca42166b7bc2922d8b41d17a53f505f325b4e73037530153da0bca6bc2dab";
constexpr std::string_view answer_hex =
    "1234a80000010000000000010473686f70076578616d706c65000006000106757064617465c00c00fa00ff0000"
    "0000003d0b686d61632d7368613235360000006b49d200012c002077f0fd3d9aaa1cbb732d3bd9fce88ea89812"
    "c831bc926ebbc17d406f7cfe96ce123400000000";
const WallTime now{std::chrono::seconds(1'800'000'000)};

std::string octets_of(std::string_view hex) {
  std::string octets;
  for (size_t at = 0; at + 1 < hex.size(); at += 2)
    octets += static_cast<char>(std::stoi(std::string(hex.substr(at, 2)), nullptr, 16));
  return octets;
}

TsigKey key() { return *parse_tsig_key(key_file); }

bool verifies(std::string octets, WallTime at = now) {
  auto answer = check_answer(octets, key(), octets_of(mac_hex), at);
  return answer && answer->verified;
}

TEST(TsigTest, reads_a_key_file) {
  EXPECT_EQ(key().name, "update.shop.example");
  EXPECT_EQ(key().algorithm, TsigAlgorithm::hmac_sha256);
  EXPECT_EQ(key().secret.reveal(), "secret of thirty-two octets!!!!!");
}

TEST(TsigTest, refuses_other_files_without_quoting_them) {
  for (std::string_view text :
       {"", "key", "key \"a\" { algorithm hmac-sha256; };",
        "key \"a\" { algorithm hmac-sha256; secret \"c2VjcmV0\" };",
        "key \"a\" { algorithm hmac-sha256; secret \"c2VjcmV0!\"; };",
        "key \"a\" { algorithm hmac-sha256; algorithm hmac-sha256; };",
        "key \"a b\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };",
        "key \"a\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; }; zone \"x\" {};",
        "/* key \"a\" { algorithm hmac-sha256; secret \"c2VjcmV0\"; };",
        "key \"a\" { algorithm \"c2VjcmV0\"; secret \"hmac-sha256\"; };",
        "key \"c2VjcmV0==\" { algorithm hmac-sha256; secret \"a\"; };",
        "key \"a\" { algorithm hmac-md5; secret \"c2VjcmV0\"; };", "c2VjcmV0"}) {
    auto key = parse_tsig_key(text);
    ASSERT_FALSE(key) << text;
    EXPECT_THAT(key.error().message(), Not(HasSubstr("c2VjcmV0"))) << text;
  }
  EXPECT_THAT(
      parse_tsig_key("key \"a\" { algorithm hmac-md5; secret \"c2VjcmV0\"; };").error().message(),
      HasSubstr("\"hmac-md5\" is not hmac-sha256"));
}

TEST(TsigTest, signs_as_other_programs_do) {
  const SignedMessage made = sign_message(octets_of(unsigned_hex), key(), now);
  EXPECT_EQ(made.mac, octets_of(mac_hex));
  auto message = dns::parse_message(made.octets);
  ASSERT_TRUE(message);
  ASSERT_EQ(message->additionals.size(), 1u);
  EXPECT_EQ(message->additionals[0].name, "update.shop.example");
  EXPECT_EQ(made.octets.substr(message->last_record_at).size() + 30, made.octets.size());
}

TEST(TsigTest, takes_the_answer_of_another_program) {
  EXPECT_TRUE(verifies(octets_of(answer_hex)));
}

TEST(TsigTest, takes_no_answer_that_was_changed) {
  const std::string good = octets_of(answer_hex);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    // The id is put back to the one in the signature, and names have no case.
    if (at > 1) {
      EXPECT_FALSE(verifies(changed)) << at;
    }
    EXPECT_FALSE(verifies(good.substr(0, at))) << at;
  }
}

TEST(TsigTest, takes_no_old_answer) {
  EXPECT_TRUE(verifies(octets_of(answer_hex), now + std::chrono::seconds(300)));
  EXPECT_FALSE(verifies(octets_of(answer_hex), now + std::chrono::seconds(301)));
  EXPECT_FALSE(verifies(octets_of(answer_hex), now - std::chrono::seconds(301)));
}

TEST(TsigTest, takes_no_answer_to_another_question) {
  auto answer = check_answer(octets_of(answer_hex), key(), "another", now);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->verified);
}

TEST(TsigTest, takes_no_answer_without_a_signature) {
  std::string plain = octets_of(unsigned_hex);
  plain[2] = '\xa8';
  EXPECT_FALSE(verifies(plain));
}

TEST(UpdateTest, asks_for_what_was_there_and_changes_it_at_once) {
  Update update{"shop.example",
                {{"shop.example",
                  dns::record_type::txt,
                  {{"\x01"
                    "a",
                    "\x01"
                    "b"}},
                  {"\x01"
                   "a"},
                  "\x01"
                  "c"},
                 {"r1._domainkey.shop.example",
                  dns::record_type::txt,
                  {std::vector<std::string>()},
                  {},
                  "\x01"
                  "k"}}};
  auto message = dns::parse_message(update_message(7, update));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->flags, 0x2800);
  // An alias at neither name; the records of the first, none of the second.
  ASSERT_EQ(message->answers.size(), 5u);
  EXPECT_EQ(message->answers[0].type, dns::record_type::cname);
  EXPECT_EQ(message->answers[0].record_class, dns::record_class::none);
  EXPECT_EQ(message->answers[2].rdata,
            "\x01"
            "b");
  EXPECT_EQ(message->answers[2].record_class, dns::record_class::in);
  EXPECT_EQ(message->answers[4].record_class, dns::record_class::none);
  ASSERT_EQ(message->authorities.size(), 3u);
  EXPECT_EQ(message->authorities[0].record_class, dns::record_class::none);
  EXPECT_EQ(message->authorities[0].rdata,
            "\x01"
            "a");
  EXPECT_EQ(message->authorities[1].rdata,
            "\x01"
            "c");
  EXPECT_EQ(message->authorities[1].ttl_s, record_ttl_s);
}

TEST(UpdateTest, explains_each_refusal) {
  auto says = [](int rcode, int error) {
    UpdateAnswer answer;
    answer.rcode = rcode;
    answer.signature.error = error;
    EXPECT_FALSE(answer.done());
    return in_words(answer, {"shop.example", {}}, key(), now);
  };
  EXPECT_THAT(says(9, tsig_error::bad_key), HasSubstr("BADKEY"));
  EXPECT_THAT(says(9, tsig_error::bad_signature), HasSubstr("BADSIG"));
  EXPECT_THAT(says(9, tsig_error::bad_time), HasSubstr("timedatectl"));
  EXPECT_THAT(says(9, 0), HasSubstr("not the primary of shop.example"));
  EXPECT_THAT(says(5, 0), HasSubstr("REFUSED"));
  EXPECT_THAT(says(8, 0), HasSubstr("Somebody changed the records"));
  EXPECT_THAT(says(0, 0), HasSubstr("not signed"));
}

}  // namespace
}  // namespace waypost::publish
