#include "intake/wishes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::intake {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

tl::expected<Wishes, smtp::Reply> read(const std::string& fields) {
  return read_wishes(message::scan_header_block(fields + "\r\nbody\r\n"));
}
std::string refusal_of(const std::string& fields) {
  auto wishes = read(fields);
  return wishes ? "none" : wishes.error().text();
}

TEST(Wishes, are_none_where_no_field_says_any) {
  auto wishes = read("Subject: X-Waypost-Stream: otp\r\nX-Mailer: x\r\n");
  ASSERT_TRUE(wishes);
  EXPECT_EQ(wishes->stream, "");
  EXPECT_FALSE(wishes->expire_after);
}

TEST(Wishes, are_read_in_any_case_and_folded) {
  auto wishes = read("x-waypost-STREAM:\r\n otp\r\nX-Waypost-Expire-After: 1h30m \r\n");
  ASSERT_TRUE(wishes);
  EXPECT_EQ(wishes->stream, "otp");
  EXPECT_EQ(wishes->expire_after, 90min);
}

// [[stream]] knows small letters only: in another case the lane would be missed without a word.
TEST(Wishes, name_a_stream_in_lower_case) {
  auto wishes = read("X-Waypost-Stream: Pass_Words.2-B\r\n");
  ASSERT_TRUE(wishes);
  EXPECT_EQ(wishes->stream, "pass_words.2-b");
}

TEST(Wishes, are_refused_where_they_cannot_be_read) {
  for (const char* value : {"", "10", "ten minutes", "-1s", "0s", "999ms", "31d", "10m 5"})
    EXPECT_THAT(refusal_of("X-Waypost-Expire-After: " + std::string(value) + "\r\n"),
                HasSubstr("554 5.6.0 X-Waypost-Expire-After: not a time"))
        << value;
  for (const std::string& value : {std::string(), std::string("a b"), std::string("a\xc3\xa9"),
                                   std::string("a@b"), std::string(65, 'a')})
    EXPECT_THAT(refusal_of("X-Waypost-Stream: " + value + "\r\n"), HasSubstr("not the name"))
        << value;
}

TEST(Wishes, are_tags_each_with_one_value) {
  auto wishes = read("X-Waypost-Tag: kind=invoice\r\nx-waypost-TAG:\r\n Lang=de_AT-1 \r\n");
  ASSERT_TRUE(wishes) << wishes.error().text();
  EXPECT_THAT(wishes->tags, testing::ElementsAre("kind=invoice", "Lang=de_AT-1"));
  const std::string longest(256, 'n');
  EXPECT_EQ(refusal_of("X-Waypost-Tag: " + longest + "=" + longest + "\r\n"), "none");
  for (const std::string& value :
       {std::string(), std::string("kind"), std::string("=invoice"), std::string("kind="),
        std::string("a=b=c"), std::string("a b=c"), std::string("a=<b>"), std::string("a:b=c"),
        std::string("a=\xc3\xa9"), longest + "n=a", "a=" + longest + "n"})
    EXPECT_THAT(refusal_of("X-Waypost-Tag: " + value + "\r\n"), HasSubstr("not a tag")) << value;
  EXPECT_THAT(refusal_of("X-Waypost-Tag: a=b\r\nX-Waypost-Tag: a=c\r\n"),
              HasSubstr("\"a\" has a value already"));
  std::string many;
  for (size_t i = 0; i <= tags_max; ++i) many += "X-Waypost-Tag: n" + std::to_string(i) + "=1\r\n";
  EXPECT_THAT(refusal_of(many), HasSubstr("at most 20 tags"));
}

TEST(Wishes, are_refused_where_they_contradict_or_are_not_known) {
  EXPECT_THAT(refusal_of("X-Waypost-Stream: a\r\nX-WAYPOST-STREAM: a\r\n"), HasSubstr("twice"));
  EXPECT_THAT(refusal_of("X-Waypost-Expires: 10m\r\n"),
              HasSubstr("X-Waypost-Expires: this field is not known"));
}

TEST(Wishes, are_shown_without_what_could_harm_a_terminal_and_cut_short) {
  const std::string refusal = refusal_of("X-Waypost-" + std::string(900, 'y') + ": x\r\n");
  EXPECT_LT(refusal.size(), 200u);
}

}  // namespace
}  // namespace waypost::intake
