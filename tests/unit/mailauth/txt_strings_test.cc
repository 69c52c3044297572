#include "mailauth/txt_strings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace waypost::mailauth {
namespace {

std::string joined(const std::vector<std::string>& strings) {
  std::string text;
  for (const std::string& string : strings) {
    EXPECT_LE(string.size(), txt_string_octets_max);
    text += string;
  }
  return text;
}

TEST(TxtStrings, are_cut_behind_spaces) {
  std::string record = "v=spf1";
  for (int i = 0; i < 30; ++i) record += fmt::format(" ip4:192.0.2.{}", i);
  const std::vector<std::string> strings = txt_strings(record);
  EXPECT_EQ(strings.size(), 2u);
  EXPECT_EQ(joined(strings), record);
  EXPECT_TRUE(strings.front().ends_with(' '));
}

TEST(TxtStrings, of_a_key_are_full) {
  const std::string record = "v=DKIM1; k=rsa; p=" + std::string(400, 'x');
  const std::vector<std::string> strings = txt_strings(record);
  ASSERT_EQ(strings.size(), 2u);
  EXPECT_EQ(strings.front().size(), txt_string_octets_max);
  EXPECT_EQ(joined(strings), record);
}

TEST(TxtStrings, are_one_at_least_and_no_more_than_needed) {
  EXPECT_EQ(txt_strings("").size(), 1u);
  EXPECT_EQ(txt_strings(std::string(255, 'x')).size(), 1u);
  EXPECT_EQ(txt_strings(std::string(600, 'x')).size(), 3u);
}

}  // namespace
}  // namespace waypost::mailauth
