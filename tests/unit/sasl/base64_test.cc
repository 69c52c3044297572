#include "sasl/base64.h"

#include <gtest/gtest.h>

namespace waypost::sasl {
namespace {

using namespace std::string_literals;

TEST(Base64, encodes_and_decodes) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"\0ann\0pw"s, "AGFubgBwdw=="},
      {"\xff\xfe", "//4="},
  };
  for (const auto& [octets, text] : cases) {
    EXPECT_EQ(base64_encode(octets), text);
    auto decoded = base64_decode(text, 1024);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(*decoded, octets);
  }
}

TEST(Base64, refuses_every_other_spelling) {
  for (std::string text :
       {"Z"s, "Zg"s, "Zg="s, "Zg==="s, "Zh=="s, "Zm9="s, "=Zg="s, "Zg==Zg=="s, " Zg=="s,
        "Zg==\r\n"s, "Zm9v\nZm9v"s, "Zm-_"s, "Z\0=="s, "Zm9v="s, "*"s, "===="s, "Zm\xc3\xbc"s})
    EXPECT_FALSE(base64_decode(text, 1024)) << testing::PrintToString(text);
}

TEST(Base64, keeps_to_the_limit) {
  for (size_t octets_max : {0, 1, 2, 3, 4, 1024}) {
    std::string most(octets_max, 'x');
    EXPECT_TRUE(base64_decode(base64_encode(most), octets_max)) << octets_max;
    EXPECT_FALSE(base64_decode(base64_encode(most + "x"), octets_max)) << octets_max;
  }
  EXPECT_FALSE(base64_decode(std::string(1 << 20, 'A'), 1024));
}

}  // namespace
}  // namespace waypost::sasl
