#include "records/subject_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::records {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(SubjectWords, are_small_and_stand_apart) {
  EXPECT_EQ(subject_words("Re: [Shop] Invoice #1042 - paid!"), "re shop invoice 1042 paid");
  EXPECT_EQ(subject_words("  "), "");
  EXPECT_EQ(subject_words(""), "");
  EXPECT_EQ(subject_words("a\u2013b\u00a0c\u3000d\u00d7e"), "a b c d e");
}

TEST(SubjectWords, have_small_letters_in_every_script_that_has_two_sizes) {
  EXPECT_EQ(subject_words("GR\u00d6SSE \u00c9T\u00c9 \u0141\u00d3D\u0179 \u0160 \u0178"),
            "gr\u00f6sse \u00e9t\u00e9 \u0142\u00f3d\u017a \u0161 \u00ff");
  EXPECT_EQ(subject_words("\u0391\u03a9 \u0416\u042f \u0401\u0404"),
            "\u03b1\u03c9 \u0436\u044f \u0451\u0454");
  EXPECT_EQ(subject_words("\u8acb\u6c42\u66f8 \U0001f389"), "\u8acb\u6c42\u66f8 \U0001f389");
}

TEST(SubjectWords, are_the_same_in_capitals_and_small_letters) {
  const std::pair<const char*, const char*> pairs[] = {
      {"\u0218TEFAN \u021aARA", "\u0219tefan \u021bara"},
      {"TI\u1ebeNG VI\u1ec6T", "ti\u1ebfng vi\u1ec7t"},
      {"\u0386\u039d\u039d\u0391", "\u03ac\u03bd\u03bd\u03b1"},
      {"\u03a3\u0391\u03a3", "\u03c3\u03b1\u03c2"},
      {"STRASSE", "Stra\u00dfe"},
      {"\u10d0", "\u1c90"},
      {"Tie\u0302\u0301ng", "TI\u1ebeNG"},  // as macOS writes it
  };
  for (const auto& [capitals, small] : pairs) {
    EXPECT_EQ(subject_words(capitals), subject_words(small));
    EXPECT_TRUE(has_words(subject_words(capitals), sought_words(small))) << small;
  }
  EXPECT_NE(subject_words("sas"), subject_words("s\u00e1s"));
}

TEST(SubjectWords, are_sought_by_their_beginnings) {
  const std::string words = subject_words("Your invoice for March");
  EXPECT_TRUE(has_words(words, sought_words("INVO mar")));
  EXPECT_TRUE(has_words(words, sought_words("you")));
  EXPECT_FALSE(has_words(words, sought_words("voice")));
  EXPECT_FALSE(has_words(words, sought_words("invoice april")));
  EXPECT_TRUE(has_words(words, {}));
}

TEST(SubjectWords, are_so_many_at_most) {
  EXPECT_THAT(sought_words("a b c d e f g h i j"), SizeIs(sought_words_max));
  EXPECT_THAT(sought_words("\"'*!"), IsEmpty());
  EXPECT_THAT(sought_words("x=1; y"), ElementsAre("x", "1", "y"));
}

// What is cut off within a character is no reason to read on behind the end.
TEST(SubjectWords, end_where_the_text_ends) {
  for (const char* text : {"\xc3", "a \xe2\x80", "\xf0\x9f", "\x80"})
    EXPECT_LE(subject_words(text).size(), 8u);
}

}  // namespace
}  // namespace waypost::records
