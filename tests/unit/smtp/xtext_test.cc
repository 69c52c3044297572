#include "smtp/xtext.h"

#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

TEST(Xtext, comes_back_as_it_went) {
  std::string all;
  for (char c = 0x20; c < 0x7f; ++c) all += c;
  const std::string encoded = to_xtext(all);
  EXPECT_EQ(encoded.find_first_of(" ="), std::string::npos);
  EXPECT_EQ(from_xtext(encoded), all);
  EXPECT_EQ(to_xtext("a+b=c d"), "a+2Bb+3Dc+20d");
}

TEST(Xtext, stands_for_printable_ascii_only) {
  for (const char* text :
       {"+0A", "+00", "+7F", "+C3+B6", "\xc3\xb6", "a b", "a=b", "+", "+4", "+4G"})
    EXPECT_EQ(from_xtext(text), std::nullopt) << text;
  EXPECT_EQ(from_xtext(""), "");
}

TEST(Utf8Address, comes_back_as_it_went_in_both_forms) {
  const std::string address = "\"a b\\+=\"@\xc3\xb6.\xe2\x82\xac.\xf0\x9f\x98\x80";
  const std::string plain = to_utf8_address(address, false);
  EXPECT_EQ(plain, "\"a\\x{20}b\\x{5C}\\x{2B}\\x{3D}\"@\\x{F6}.\\x{20AC}.\\x{1F600}");
  EXPECT_EQ(from_utf8_address(plain, Characters::ascii), address);
  const std::string raw = to_utf8_address(address, true);
  EXPECT_EQ(from_utf8_address(raw, Characters::utf8), address);
  EXPECT_EQ(from_utf8_address(raw, Characters::ascii), std::nullopt);
}

TEST(Utf8Address, has_no_broken_form) {
  for (const char* text : {"\\", "\\x", "\\x{", "\\x{}", "\\x{41", "\\x{110000}", "\\x{0000041}",
                           "\\x{G}", "\\x{A}", "\\x{D800}", "a+b", "a=b", "\xc3"})
    EXPECT_EQ(from_utf8_address(text, Characters::utf8), std::nullopt) << text;
}

}  // namespace
}  // namespace waypost::smtp
