#include "mailauth/dkim_tags.h"

#include <gtest/gtest.h>

#include "mailauth/dkim_base64.h"

namespace waypost::mailauth {
namespace {

std::string fault(std::string_view text) {
  auto list = TagList::parse(text);
  return list ? "" : list.error().message();
}

TEST(TagList, reads_names_and_values_with_their_places) {
  const std::string_view text = " v=1;\r\n\ta = x y ;b=;c_2=q;\r\n ";
  auto list = TagList::parse(text);
  ASSERT_TRUE(list);
  ASSERT_EQ(list->tags().size(), 4u);
  EXPECT_EQ(list->find("v")->value, "1");
  EXPECT_EQ(list->find("a")->value, "x y");
  EXPECT_EQ(list->find("b")->value, "");
  EXPECT_EQ(list->find("c_2")->value, "q");
  EXPECT_EQ(list->find("A"), nullptr);
  const Tag& a = *list->find("a");
  EXPECT_EQ(text.substr(a.begin, a.end - a.begin), " x y ");
}

TEST(TagList, refuses_what_is_no_list) {
  EXPECT_NE(fault(""), "");
  EXPECT_NE(fault(" ;"), "");
  EXPECT_NE(fault("a=1;;b=2"), "");
  EXPECT_NE(fault("a=1;b"), "");
  EXPECT_NE(fault("a=1;2=b"), "");
  EXPECT_NE(fault("a b=1"), "");
  EXPECT_NE(fault("a=1; b=2; a=3"), "");
  EXPECT_NE(fault(std::string("a=1\0", 4)), "");
  EXPECT_NE(fault("a=" + std::string(tag_list_octets_max, 'x')), "");
  std::string many;
  for (size_t i = 0; i <= tags_max; ++i) many += "t" + std::to_string(i) + "=1;";
  EXPECT_NE(fault(many), "");
  EXPECT_EQ(fault("a=1;"), "");
  EXPECT_EQ(fault("a=1=2"), "");
}

TEST(Base64, round_trips_and_passes_over_blanks) {
  for (std::string octets : {"", "a", "ab", "abc", "abcd", "\xff\xfe\x01"}) {
    EXPECT_EQ(decode_base64(encode_base64(octets), 10), octets);
  }
  EXPECT_EQ(decode_base64("YW\r\n\tJj ZA = =", 10), "abcd");
  EXPECT_EQ(decode_base64("YWJjZA", 10), "abcd");
  for (std::string_view bad : {"YWJjZ", "YW=JjZA", "YWJjZA===", "YWJj!A==", "YWJj=", "YWJjZA="})
    EXPECT_EQ(decode_base64(bad, 10), std::nullopt) << bad;
  EXPECT_EQ(decode_base64("YWJjZA==", 3), std::nullopt);
}

TEST(Numbers, are_digits_only) {
  EXPECT_EQ(parse_number("012", 12), 12u);
  for (std::string_view bad : {"", "-1", "1 ", "1234567890123", "0x1"})
    EXPECT_EQ(parse_number(bad, 12), std::nullopt) << bad;
}

TEST(DkimTags, have_times_in_whole_seconds) {
  EXPECT_EQ(tag_seconds(WallTime(std::chrono::microseconds(1'999'999))), 1u);
  EXPECT_EQ(tag_seconds(WallTime(std::chrono::microseconds(-5))), 0u);
}

}  // namespace
}  // namespace waypost::mailauth
