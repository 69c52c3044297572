#include "dns/message.h"

#include <gtest/gtest.h>

namespace waypost::dns {
namespace {

using namespace std::string_literals;

const std::string header_one_answer = "\x12\x34\x84\x00\0\x01\0\x01\0\0\0\0"s;
const std::string question = "\x04shop\x07"s + "example\0\0\x0f\0\x01"s;

std::string answer(const std::string& owner, const std::string& rdata) {
  std::string octets = header_one_answer + question + owner + "\0\x0f\0\x01\0\0\0\x3c"s;
  append_16(octets, static_cast<unsigned>(rdata.size()));
  return octets + rdata;
}

TEST(MessageTest, reads_compressed_names_in_owners_and_data) {
  auto message = parse_message(answer("\xc0\x0c", "\0\x0a\x02mx\xc0\x0c"s));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->id, 0x1234);
  EXPECT_TRUE(message->has(message_flag::authoritative));
  ASSERT_EQ(message->answers.size(), 1u);
  EXPECT_EQ(message->answers[0].name, "shop.example");
  EXPECT_EQ(message->answers[0].ttl_s, 60u);
  EXPECT_EQ(message->answers[0].rdata, "\0\x0a\x02mx\x04shop\x07"s + "example\0"s);
  EXPECT_EQ(message->last_record_at, 30u);
}

TEST(MessageTest, refuses_what_does_not_end_or_fit) {
  EXPECT_FALSE(parse_message(answer("\xc0\x1e", "\0\x0a\0"s))) << "leads to itself";
  EXPECT_FALSE(parse_message(answer("\xc0\x0c", "\0\x0a\xc0\x30"s))) << "leads forwards";
  EXPECT_FALSE(parse_message(answer("\x41x", "\0\x0a\0"s))) << "an unknown label";
  EXPECT_FALSE(parse_message(answer("\xc0\x0c", "\0\x0a\0\0"s))) << "data with a rest";
  EXPECT_FALSE(parse_message(answer("\xc0\x0c", "\0\x0a\0"s) + "x")) << "a message with a rest";
  const std::string good = answer("\xc0\x0c", "\0\x0a\x02mx\xc0\x0c"s);
  for (size_t at = 0; at < good.size(); ++at) EXPECT_FALSE(parse_message(good.substr(0, at))) << at;
}

TEST(MessageTest, refuses_too_many_records) {
  std::string message = "\x12\x34\x84\x00\0\0\xff\xff\0\0\0\0"s;
  EXPECT_FALSE(parse_message(message));
}

TEST(MessageTest, writes_what_it_reads) {
  std::string octets = header_one_answer + question;
  append_record(octets, {"mail.shop.example", record_type::txt, record_class::in, 5, "\x01x"});
  auto message = parse_message(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->answers[0].name, "mail.shop.example");
  EXPECT_EQ(message->answers[0].rdata, "\x01x");
  EXPECT_EQ(question_message(0x1234, 0x8400, "shop.example", record_type::mx).substr(12), question);
}

}  // namespace
}  // namespace waypost::dns
