#include "classify/pattern.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::classify {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(WhyNotAPattern, says_what_is_wrong) {
  for (const char* good : {"user unknown", "a|b", "\\bfull\\b", "[^.;]*x", "\xc3\xa9t\xc3\xa9"})
    EXPECT_EQ(why_not_a_pattern(good), "") << good;
  EXPECT_EQ(why_not_a_pattern(""), "it is empty");
  EXPECT_THAT(why_not_a_pattern("(user"), HasSubstr("missing )"));
  EXPECT_THAT(why_not_a_pattern("(?=user)"), HasSubstr("(?="));
  EXPECT_THAT(why_not_a_pattern("(a)\\1"), HasSubstr("\\1"));
  EXPECT_THAT(why_not_a_pattern("\xff"), HasSubstr("UTF-8"));
  EXPECT_THAT(why_not_a_pattern("User unknown"), HasSubstr("capital"));
  EXPECT_EQ(why_not_a_pattern("\\S+ (?P<Name>user)\\P{L}"), "");
  for (const char* matches_all : {".*", "a?", "(?:)", "x|", "^"})
    EXPECT_EQ(why_not_a_pattern(matches_all), "it is found in an empty text") << matches_all;
}

std::vector<int> literals_in(const std::vector<std::string>& literals, std::string_view text) {
  LiteralSet set;
  set.build(literals);
  std::vector<int> found;
  set.search(text, found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

TEST(LiteralSet, finds_every_literal_wherever_it_stands) {
  const std::vector<std::string> literals{"user", "use", "unknown", "er u", "us", "\xc3\xa9\xff"};
  EXPECT_THAT(literals_in(literals, "user unknown"), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(literals_in(literals, "us"), ElementsAre(4));
  EXPECT_THAT(literals_in(literals, "use"), ElementsAre(1, 4));
  EXPECT_THAT(literals_in(literals, "unknow"), IsEmpty());
  EXPECT_THAT(literals_in(literals, "x\xc3\xa9\xff"), ElementsAre(5));
  EXPECT_THAT(literals_in(literals, "u"), IsEmpty());
  EXPECT_THAT(literals_in(literals, ""), IsEmpty());
  EXPECT_THAT(literals_in({}, "user"), IsEmpty());
}

std::vector<int> patterns_in(const std::vector<std::string>& patterns, std::string_view text) {
  PatternSet set;
  for (size_t i = 0; i < patterns.size(); ++i) EXPECT_EQ(set.add(patterns[i]), i);
  EXPECT_EQ(set.size(), patterns.size());
  set.compile();
  std::vector<int> found{99};
  set.possible(text, found);
  std::erase_if(found, [&](int number) { return !set.is_found(size_t(number), text); });
  return found;
}

TEST(PatternSet, finds_all_patterns_that_are_in_a_text) {
  const std::vector<std::string> patterns{"user unknown", "un(?:known|seen)", "^550", "full$",
                                          "x|user"};
  EXPECT_THAT(patterns_in(patterns, "550 user unknown"), ElementsAre(0, 1, 2, 4));
  EXPECT_THAT(patterns_in(patterns, "mailbox full"), ElementsAre(3, 4));
  EXPECT_THAT(patterns_in(patterns, "no"), IsEmpty());
  EXPECT_THAT(patterns_in(patterns, ""), IsEmpty());
}

TEST(PatternSet, needs_no_pattern_and_no_literal) {
  EXPECT_THAT(patterns_in({}, "user"), IsEmpty());
  EXPECT_THAT(patterns_in({"user"}, "a user"), ElementsAre(0));
  EXPECT_THAT(patterns_in({"user"}, "an owner"), IsEmpty());
  EXPECT_THAT(patterns_in({"\\d{2}", "[a-z]\\b", "ab"}, "z 12"), ElementsAre(0, 1));
  EXPECT_THAT(patterns_in({"\\d{2}"}, "1"), IsEmpty());
  EXPECT_THAT(patterns_in({"\xc3\xa9t\xc3\xa9 x", "\xd0\xbf\xd0\xbe\xd1\x87\xd1\x82"},
                          "\xc3\xa9t\xc3\xa9 x \xd0\xbf\xd0\xbe\xd1\x87\xd1\x82\xd0\xb0"),
              ElementsAre(0, 1));
}

TEST(PatternSet, agrees_with_trying_each_pattern) {
  std::vector<std::string> patterns;
  for (int i = 0; i < 300; ++i)
    patterns.push_back("word" + std::to_string(i) + "(?: and| or) (?:more|less)|x" +
                       std::to_string(i) + "\\b");
  for (const char* text : {"word7 and more", "word29 or less, word2 or more x13", "x299 x30 x3"}) {
    std::vector<int> one_by_one;
    for (size_t i = 0; i < patterns.size(); ++i)
      if (PatternList(std::span(&patterns[i], 1)).any_found(text)) one_by_one.push_back(int(i));
    EXPECT_FALSE(one_by_one.empty()) << text;
    EXPECT_EQ(patterns_in(patterns, text), one_by_one) << text;
  }
}

TEST(PatternSet, shows_what_a_pattern_hits_first) {
  PatternSet set;
  set.add("un[a-z]+");
  set.add("seen");
  set.compile();
  NormalText::Span hit = set.hit(0, "user unknown, unseen");
  EXPECT_EQ(hit.begin, 5u);
  EXPECT_EQ(hit.end, 12u);
  hit = set.hit(1, "user unknown");
  EXPECT_EQ(hit.end, 0u);
}

TEST(PatternList, knows_any_from_all) {
  const std::vector<std::string> patterns{"user", "unknown"};
  PatternList list(patterns);
  EXPECT_TRUE(list.any_found("user known") && !list.all_found("user known"));
  EXPECT_TRUE(list.any_found("unknown user") && list.all_found("unknown user"));
  EXPECT_FALSE(list.any_found("no") || list.all_found("no"));
  PatternList none({});
  EXPECT_FALSE(none.any_found("user"));
  EXPECT_TRUE(none.all_found("user"));
}

}  // namespace
}  // namespace waypost::classify
