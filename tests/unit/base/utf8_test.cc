#include "base/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace waypost::base {
namespace {

// Plain text is passed over in words: what is not plain may stand at any place of one.
TEST(Utf8, sees_what_is_broken_wherever_it_stands) {
  for (size_t before = 0; before < 20; ++before)
    for (size_t behind = 0; behind < 20; ++behind) {
      const std::string a(before, 'a'), b(behind, 'b');
      EXPECT_TRUE(is_utf8(a + b));
      EXPECT_TRUE(is_utf8(a + "\xc3\xbc" + b));
      EXPECT_TRUE(is_utf8(a + "\xf0\x9f\x93\xac" + b));
      EXPECT_FALSE(is_utf8(a + "\xff" + b));
      EXPECT_FALSE(is_utf8(a + "\xc3" + b));
      EXPECT_EQ(to_valid_utf8(a + "\xff" + b), a + "\xef\xbf\xbd" + b);
    }
}

TEST(Utf8, refuses_long_forms_and_surrogates) {
  for (const char* wrong : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
    EXPECT_FALSE(is_utf8(wrong));
}

}  // namespace
}  // namespace waypost::base
