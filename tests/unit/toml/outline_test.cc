#include "toml/outline.h"

#include <gtest/gtest.h>

namespace waypost::toml {
namespace {

TEST(Outline, knows_which_lines_stand_alone) {
  Outline outline(
      "a = 1\n"
      "b = [\n"
      "  1,\n"
      "]\n"
      "[table]\n"
      "c = \"\"\"two quotes may end a long text\"\"\"\"\"\n"
      "d = 'unclosed\n"
      "e = \"\"\"\n"
      "[ \" \n"
      "\"\"\" # ] \"\n"
      "f = \"\\\"[\"");
  for (size_t line : {1, 6, 7, 11}) EXPECT_TRUE(outline.stands_alone(line)) << line;
  for (size_t line : {0, 2, 3, 4, 5, 8, 9, 10, 12})
    EXPECT_FALSE(outline.stands_alone(line)) << line;
  EXPECT_EQ(outline.opened_at(3), 2u);
  EXPECT_EQ(outline.opened_at(10), 8u);
  EXPECT_EQ(outline.opened_at(11), 0u);
}

TEST(Outline, finds_where_nesting_goes_too_deep_outside_text) {
  EXPECT_FALSE(Outline("a = '" + std::string(50, '[') + "' # " + std::string(50, '[')).too_deep());
  EXPECT_FALSE(Outline("a = [1.5, 1.5]\nb.c.d = 1.5\n").too_deep());
  Outline outline("a = 1\nb = " + std::string(17, '['));
  ASSERT_TRUE(outline.too_deep());
  EXPECT_EQ(outline.too_deep()->line, 2u);
  EXPECT_EQ(outline.too_deep()->column, 21u);
}

TEST(FirstInvalidUtf8, counts_code_points) {
  EXPECT_FALSE(first_invalid_utf8("é\n漢字 \xf0\x9f\x93\xa8"));
  struct Case {
    std::string text;
    unsigned line, column;
  };
  for (const Case& c : {Case{"é\xff", 1, 2}, Case{"a\n\xc0\x80", 2, 1}, Case{"\xed\xa0\x80", 1, 1},
                        Case{"é\xe2\x82", 1, 2}, Case{"\xf5\x80\x80\x80", 1, 1}}) {
    auto place = first_invalid_utf8(c.text);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->line, c.line);
    EXPECT_EQ(place->column, c.column);
  }
}

}  // namespace
}  // namespace waypost::toml
