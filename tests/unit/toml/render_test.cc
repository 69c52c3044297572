#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "toml/diagnostic.h"

namespace waypost::toml {
namespace {

using testing::HasSubstr;
using testing::Not;

Diagnostic at(unsigned line, unsigned column, unsigned length) {
  return {Severity::error, "a.toml", line, column, length, "this is wrong", "", "", std::nullopt};
}

std::string shown(std::string text, const Diagnostic& diagnostic, bool color = false) {
  std::vector<Source> sources{{"a.toml", std::move(text)}};
  return render(diagnostic, sources, color);
}

TEST(Render, shows_the_line_with_a_caret_under_the_place) {
  EXPECT_EQ(shown("a = 1\nkey = 25\n", at(2, 7, 2)),
            "error: this is wrong\n"
            " --> a.toml:2:7\n"
            "  |\n"
            "2 | key = 25\n"
            "  |       ^^\n");
}

TEST(Render, shows_no_secret_that_was_written_where_none_belongs) {
  for (const char* line :
       {"password = \"pa55Wrd\"", "client_secret='pa55Wrd' # really", "  Token = pa55Wrd",
        "auth = { user = \"a\", api_key = \"pa55Wrd\" }", "secret_file = \"pa55Wrd\""}) {
    const std::string text = shown(line, at(1, 1, 8));
    EXPECT_THAT(text, Not(HasSubstr("pa55Wrd")));
    EXPECT_THAT(text, HasSubstr("[hidden]\n")) << text;
  }
  EXPECT_THAT(shown("secret_file = \"smtp.secret\"", at(1, 1, 8)), HasSubstr("smtp.secret"));
  EXPECT_THAT(shown("id = \"passwords\"", at(1, 1, 2)), HasSubstr("passwords"));
  EXPECT_THAT(shown("port = 25 # password=x", at(1, 1, 4)), HasSubstr("password=x"));
  EXPECT_THAT(shown("password =", at(1, 1, 8)), HasSubstr("1 | password =\n"));
}

TEST(Render, counts_columns_in_code_points_and_widens_tabs) {
  EXPECT_THAT(shown("\té = x", at(1, 6, 1)), HasSubstr("1 |     é = x\n  |         ^\n"));
}

TEST(Render, puts_the_caret_behind_the_line_when_something_is_missing_there) {
  EXPECT_THAT(shown("a =", at(1, 9, 1)), HasSubstr("1 | a =\n  |    ^\n"));
}

TEST(Render, keeps_control_characters_and_marks_of_direction_from_the_terminal) {
  std::string text = shown("a = \x1b[2J\xc2\x9b\xe2\x80\xae\xff.\r\n", at(1, 1, 1));
  EXPECT_THAT(text, HasSubstr("1 | a = ?[2J???.\n"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(Render, cuts_a_long_line_around_the_caret) {
  std::string text = shown(std::string(1000, 'x'), at(1, 500, 2000));
  EXPECT_LT(text.size(), 400u);
  EXPECT_THAT(text, HasSubstr("1 | ...x"));
  EXPECT_THAT(text, HasSubstr("x...\n"));
}

TEST(Render, colours_only_when_asked) {
  EXPECT_THAT(shown("a", at(1, 1, 1), true), HasSubstr("\x1b[1;31merror\x1b[0m"));
  EXPECT_THAT(shown("a", at(1, 1, 1), false), Not(HasSubstr("\x1b")));
}

TEST(Render, manages_without_a_place_or_a_source) {
  Diagnostic nowhere = at(0, 0, 0);
  nowhere.help = "first\nsecond";
  EXPECT_EQ(shown("a", nowhere),
            "error: this is wrong\n --> a.toml\n  = help: first\n          second\n");
  EXPECT_EQ(render(at(7, 1, 1), {}, false), "error: this is wrong\n --> a.toml:7:1\n");
  EXPECT_THAT(shown("a", at(99, 5, 3)), HasSubstr("99 | \n"));
}

}  // namespace
}  // namespace waypost::toml
