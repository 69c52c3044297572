#include "smtp/reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Reply read(std::string_view wire) {
  ReplyReader reader;
  const auto consumed = reader.feed(wire);
  EXPECT_TRUE(consumed) << wire;
  EXPECT_TRUE(reader.complete()) << wire;
  return reader.complete() ? reader.take() : Reply{};
}

std::string refusal(std::string_view wire) {
  ReplyReader reader;
  const auto consumed = reader.feed(wire);
  if (consumed) return "";
  EXPECT_EQ(consumed.error().code(), ErrorCode::protocol);
  return consumed.error().message();
}

std::string wire(const Reply& reply) {
  std::string out;
  reply.append_wire(out);
  return out;
}

TEST(EnhancedCode, reads_what_rfc_3463_allows_and_nothing_else) {
  EXPECT_EQ(EnhancedCode::parse("5.1.1"), (EnhancedCode{5, 1, 1}));
  EXPECT_EQ(EnhancedCode::parse("2.0.0"), (EnhancedCode{2, 0, 0}));
  EXPECT_EQ(EnhancedCode::parse("4.999.123"), (EnhancedCode{4, 999, 123}));
  for (const char* text : {"", "5", "5.", "5.1", "5.1.", "5.1.1.", "5.1.1 ", " 5.1.1", "3.1.1",
                           "5.01.1", "5.1.1000", "5.1.x", "55.1.1", "5..1", "5.1.-1", "5.00.0"})
    EXPECT_EQ(EnhancedCode::parse(text), std::nullopt) << text;
  EXPECT_EQ((EnhancedCode{5, 7, 26}).text(), "5.7.26");
}

TEST(Reply, tells_its_kind_from_the_code) {
  EXPECT_TRUE(reply(250, "ok").positive());
  EXPECT_TRUE(reply(354, "go on").intermediate());
  EXPECT_TRUE(reply(421, "later").transient());
  EXPECT_TRUE(reply(550, "no").permanent());
  EXPECT_FALSE(reply(550, "no").transient());
}

TEST(Reply, shows_one_line_to_people) {
  EXPECT_EQ(reply(550, {5, 1, 1}, "No such user").text(), "550 5.1.1 No such user");
  EXPECT_EQ(reply(550, {5, 1, 1}, "No such user\n\nhere").text(), "550 5.1.1 No such user here");
  EXPECT_EQ(reply(354, "").text(), "354");
}

TEST(Reply, writes_every_line_with_code_and_enhanced_code) {
  EXPECT_EQ(wire(reply(354, "Go on")), "354 Go on\r\n");
  EXPECT_EQ(wire(reply(250, {2, 1, 0}, "Fine")), "250 2.1.0 Fine\r\n");
  EXPECT_EQ(wire(reply(550, {5, 7, 1}, "One\ntwo")), "550-5.7.1 One\r\n550 5.7.1 two\r\n");
  EXPECT_EQ(wire(reply(250, "mx.example\nPIPELINING\nSIZE 10")),
            "250-mx.example\r\n250-PIPELINING\r\n250 SIZE 10\r\n");
  EXPECT_EQ(wire(Reply{250, std::nullopt, {}}), "250 \r\n");
  EXPECT_EQ(wire(Reply{250, EnhancedCode{2, 0, 0}, {}}), "250 2.0.0\r\n");
}

TEST(Reply, lets_no_text_forge_a_line) {
  const std::string out = wire(Reply{501, std::nullopt, {"bad name x\r\n250 ok", "\x1b[2J"}});
  EXPECT_EQ(out, "501-bad name x\\x0d\\x0a250 ok\r\n501 \\x1b[2J\r\n");
}

TEST(Reply, wraps_text_that_would_pass_512_octets) {
  std::string words;
  for (int i = 0; i < 300; ++i) words += "word" + std::to_string(i) + ' ';
  words += std::string(1200, 'x');
  const Reply long_reply = reply(550, {5, 7, 1}, words);
  const std::string out = wire(long_reply);
  size_t start = 0;
  while (start < out.size()) {
    const size_t end = out.find("\r\n", start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end + 2 - start, 512u);
    start = end + 2;
  }
  const Reply read_back = read(out);
  EXPECT_GT(read_back.lines.size(), 4u);
  EXPECT_EQ(read_back.text().substr(0, 1500), long_reply.text().substr(0, 1500));
}

TEST(ReplyReader, reads_a_single_line) {
  EXPECT_EQ(read("250 ok\r\n"), reply(250, "ok"));
  EXPECT_EQ(read("550 5.1.1 No such user\r\n"), reply(550, {5, 1, 1}, "No such user"));
}

TEST(ReplyReader, joins_a_multiline_reply) {
  const Reply got =
      read("550-5.7.26 This mail is\r\n550-5.7.26  unauthenticated\r\n550 5.7.26 bye\r\n");
  EXPECT_EQ(got.enhanced, (EnhancedCode{5, 7, 26}));
  EXPECT_THAT(got.lines, ElementsAre("This mail is", "unauthenticated", "bye"));
}

TEST(ReplyReader, takes_an_enhanced_code_off_only_where_it_matches) {
  const Reply got = read("550-Blocked\r\n550-5.7.1 See below\r\n550 5.7.2 Other\r\n");
  EXPECT_EQ(got.enhanced, (EnhancedCode{5, 7, 1}));
  EXPECT_THAT(got.lines, ElementsAre("Blocked", "See below", "5.7.2 Other"));
  EXPECT_EQ(read("550 4.7.1 Odd\r\n").enhanced, std::nullopt);
  EXPECT_THAT(read("550 4.7.1 Odd\r\n").lines, ElementsAre("4.7.1 Odd"));
  EXPECT_THAT(read("550 5.7.1\r\n").lines, ElementsAre(""));
  EXPECT_THAT(read("550 5.7.1: no\r\n").lines, ElementsAre("5.7.1: no"));
}

TEST(ReplyReader, forgives_what_real_servers_do) {
  EXPECT_EQ(read("250\r\n"), reply(250, ""));
  EXPECT_EQ(read("250 \r\n"), reply(250, ""));
  EXPECT_EQ(read("250-\r\n250\r\n"), reply(250, "\n"));
  EXPECT_EQ(read("250-a\n250 b\n"), reply(250, "a\nb"));
  EXPECT_EQ(read("250 ok\r\r\n"), reply(250, "ok"));
  EXPECT_EQ(read("571 refused\r\n"), reply(571, "refused"));
  EXPECT_EQ(read("250 a\tb\r\n"), reply(250, "a b"));
}

TEST(ReplyReader, keeps_control_octets_from_the_terminal_and_others_as_they_are) {
  EXPECT_THAT(read("550 a\x1b[31mb\x07\rc\r\n").lines, ElementsAre("a\\x1b[31mb\\x07\\x0dc"));
  EXPECT_THAT(read("550 caf\xc3\xa9 \xff\r\n").lines, ElementsAre("caf\xc3\xa9 \xff"));
}

TEST(ReplyReader, stops_behind_one_reply) {
  ReplyReader reader;
  const std::string_view stream = "250-a\r\n250 b\r\n354 go\r\n";
  EXPECT_EQ(reader.feed(stream), 14u);
  EXPECT_EQ(reader.feed(stream.substr(14)), 0u);
  EXPECT_EQ(reader.take(), reply(250, "a\nb"));
  EXPECT_FALSE(reader.started());
  EXPECT_EQ(reader.feed(stream.substr(14)), 8u);
  EXPECT_EQ(reader.take(), reply(354, "go"));
}

TEST(ReplyReader, gives_the_same_for_every_cut) {
  const std::string_view stream = "550-5.1.1 a\r\n550-5.1.1\n550 5.1.1 c\r\n";
  const Reply whole = read(stream);
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    ReplyReader reader;
    ASSERT_EQ(reader.feed(stream.substr(0, cut)), cut);
    EXPECT_EQ(reader.started(), cut > 0);
    ASSERT_EQ(reader.feed(stream.substr(cut)), stream.size() - cut);
    ASSERT_TRUE(reader.complete()) << cut;
    EXPECT_EQ(reader.take(), whole) << cut;
  }
}

TEST(ReplyReader, refuses_what_is_no_reply) {
  for (const char* text :
       {"hello\r\n", "\r\n", "25\r\n", "25x ok\r\n", "150 early\r\n", "650 what\r\n", "250ok\r\n",
        "2500 ok\r\n", " 250 ok\r\n", "250\tok\r\n", "HTTP/1.1 400 Bad Request\r\n"})
    EXPECT_THAT(refusal(text), HasSubstr("expected a reply line")) << text;
  EXPECT_THAT(refusal("250-a\r\n550 b\r\n"), HasSubstr("from 250 to 550"));
  EXPECT_THAT(refusal(std::string_view("250 a\0b\r\n", 9)), HasSubstr("NUL"));
  EXPECT_THAT(refusal("\x1b[2Jhello\r\n"), HasSubstr("\\x1b"));
}

TEST(ReplyReader, stays_broken) {
  ReplyReader reader;
  EXPECT_FALSE(reader.feed("hello\r\n"));
  EXPECT_FALSE(reader.feed("250 ok\r\n"));
  EXPECT_FALSE(reader.complete());
}

TEST(ReplyReader, limits_line_reply_and_number_of_lines) {
  EXPECT_EQ(read("250 " + std::string(4092, 'x') + "\r\n").lines.front().size(), 4092u);
  EXPECT_THAT(refusal("250 " + std::string(4093, 'x') + "\n"), HasSubstr("4096"));
  EXPECT_THAT(refusal(std::string(5000, 'x')), HasSubstr("4096"));

  std::string lines;
  for (int i = 0; i < 255; ++i) lines += "250-x\r\n";
  EXPECT_EQ(read(lines + "250 x\r\n").lines.size(), 256u);
  EXPECT_THAT(refusal(lines + "250-x\r\n250 x\r\n"), HasSubstr("256 lines"));

  std::string large;
  for (int i = 0; i < 20; ++i) large += "250-" + std::string(4000, 'x') + "\r\n";
  EXPECT_THAT(refusal(large), HasSubstr("64 KiB"));
}

}  // namespace
}  // namespace waypost::smtp
