#include "seeds/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::seeds {
namespace {

using testing::HasSubstr;

Response parsed(std::string_view octets) {
  auto response = parse_response(octets);
  EXPECT_TRUE(response) << octets << response.error().message();
  return response ? *std::move(response) : Response{};
}

std::vector<std::string> cut(ResponseReader& reader) {
  std::vector<std::string> all;
  while (true) {
    auto next = reader.next();
    if (!next) {
      all.push_back("failed: " + next.error().message());
      return all;
    }
    if (!*next) return all;
    all.push_back(**next);
  }
}

TEST(ResponseReaderTest, cuts_at_line_ends_and_keeps_literals_whole) {
  const std::string octets =
      "* OK hello\r\n"
      "* 1 FETCH (BODY[HEADER] {11}\r\nA: b\r\n\r\nw1 UID 7)\r\n"
      "w1 OK done\r\n";
  // In pieces of every size the same comes out.
  for (size_t piece = 1; piece <= octets.size(); ++piece) {
    ResponseReader reader;
    std::vector<std::string> all;
    for (size_t at = 0; at < octets.size(); at += piece) {
      reader.feed(std::string_view(octets).substr(at, piece));
      for (std::string& one : cut(reader)) all.push_back(std::move(one));
    }
    ASSERT_EQ(all.size(), 3u) << piece;
    EXPECT_EQ(all[0], "* OK hello\r\n");
    EXPECT_THAT(all[1], HasSubstr("w1 UID 7)"));
  }
}

TEST(ResponseReaderTest, takes_an_empty_literal_and_bare_line_feeds) {
  ResponseReader reader;
  reader.feed("* LIST () \"/\" {0}\n\n* OK\n");
  EXPECT_EQ(cut(reader).size(), 2u);
}

TEST(ResponseReaderTest, refuses_what_passes_a_limit) {
  const std::string endless(response_line_octets_max + 2, 'x');
  const std::pair<std::string, const char*> rows[] = {
      {"* OK " + endless, "no end"},
      {"* OK " + endless + "\r\n", "too long"},
      {"* 1 FETCH (BODY[] {4000000000}\r\n", "more than is taken"},
      {"* 1 FETCH (BODY[] {99999999999999999999999}\r\n", "more than is taken"},
      {"* 1 FETCH (BODY[] {262145}\r\n", "more than is taken"},
  };
  for (const auto& [octets, words] : rows) {
    ResponseReader reader;
    reader.feed(octets);
    EXPECT_THAT(cut(reader).back(), HasSubstr(words)) << octets.substr(0, 60);
  }
  ResponseReader many;
  for (int i = 0; i < 4; ++i) many.feed("{200000}\r\n" + std::string(200'000, 'x'));
  EXPECT_THAT(cut(many).back(), HasSubstr("too long"));
}

TEST(ResponseTest, tells_states_data_and_challenges_apart) {
  const Response done = parsed("w7 NO [AUTHENTICATIONFAILED] wrong\r\n");
  EXPECT_EQ(done.kind, Response::Kind::state);
  EXPECT_EQ(done.tag, "w7");
  EXPECT_EQ(done.word, "NO");
  EXPECT_EQ(done.text, "[AUTHENTICATIONFAILED] wrong");
  EXPECT_EQ(parsed("+ dGVzdA==\r\n").text, "dGVzdA==");
  EXPECT_EQ(parsed("+\r\n").kind, Response::Kind::challenge);
  const Response list = parsed("* LIST (\\HasNoChildren \\Junk) \"/\" \"a \\\"b\"\r\n");
  EXPECT_EQ(list.word, "LIST");
  ASSERT_EQ(list.values.size(), 3u);
  EXPECT_TRUE(list.values[0].items.at(1).is_atom("\\junk"));
  EXPECT_EQ(list.values[2].text, "a \"b");
  const Response exists = parsed("* 12 EXISTS\r\n");
  EXPECT_EQ(exists.number, 12u);
  EXPECT_EQ(exists.word, "EXISTS");
}

TEST(ResponseTest, reads_a_message_with_brackets_and_a_literal) {
  const Response fetched = parsed(
      "* 3 FETCH (UID 9 X-GM-LABELS (\"\\\\Inbox\" work) BODY[HEADER.FIELDS (A B)]<0> {6}\r\n"
      "A: )\r\n FLAGS ())\r\n");
  ASSERT_EQ(fetched.values.size(), 1u);
  const std::vector<Value>& items = fetched.values[0].items;
  ASSERT_EQ(items.size(), 8u);
  EXPECT_EQ(items[3].items.at(0).text, "\\Inbox");
  EXPECT_EQ(items[4].text, "BODY[HEADER.FIELDS (A B)]<0>");
  EXPECT_EQ(items[5].text, "A: )\r\n");
}

TEST(ResponseTest, refuses_what_makes_no_sense) {
  const char* rows[] = {"",
                        "\r\n",
                        "*\r\n",
                        "* 1\r\n",
                        "* LIST (\r\n",
                        "* LIST )\r\n",
                        "* LIST \"a\r\n",
                        "* LIST \"a\\\r\n",
                        "* LIST {5}\r\nabc",
                        "* LIST ((((((((((a))))))))))\r\n",
                        "w1 FETCH (a)\r\n"};
  for (const char* octets : rows) EXPECT_FALSE(parse_response(octets)) << octets;
  std::string many = "* SEARCH";
  for (size_t i = 0; i <= response_values_max; ++i) many += " 1";
  EXPECT_FALSE(parse_response(many + "\r\n"));
}

TEST(ResponseTest, writes_strings_that_cannot_end_a_command) {
  EXPECT_EQ(*quoted("a \"b\\"), R"("a \"b\\")");
  for (const char* text : {"a\r\nw2 LOGOUT", "\x01", "\xc3\xa4"}) EXPECT_FALSE(quoted(text));
}

TEST(ResponseTest, reads_the_date_of_arrival) {
  EXPECT_EQ(*parse_internal_date("22-Nov-2026 09:00:00 +0000"), 1795338000);
  EXPECT_EQ(*parse_internal_date(" 2-Nov-2026 09:00:00 +0000"), 1793610000);
  EXPECT_EQ(*parse_internal_date("22-Nov-2026 02:00:00 -0700"), 1795338000);
  for (const char* text :
       {"", "22-Nov-2026", "32-Nov-2026 09:00:00 +0000", "22-Foo-2026 09:00:00 +0000",
        "22-Nov-2026 09:00:00 00000", "22-Nov-2026 24:00:00 +0000", "-2-Nov-2026 09:00:00 +0000",
        "22-ovd-2026 09:00:00 +0000", "30-Feb-2026 09:00:00 +0000"})
    EXPECT_FALSE(parse_internal_date(text)) << text;
}

}  // namespace
}  // namespace waypost::seeds
