#include "settings/questions.h"

#include <gtest/gtest.h>

namespace waypost::settings {
namespace {

Questions answered(std::initializer_list<std::string_view> lines) {
  Questions questions(known_providers());
  for (const std::string_view line : lines) EXPECT_TRUE(questions.answer(line)) << line;
  return questions;
}

TEST(Questions, three_answers_are_enough) {
  const Questions questions = answered({" smtp.example.com ", "465", "me@example.com"});
  EXPECT_TRUE(questions.is_done());
  EXPECT_EQ(questions.prompt(), "");
  EXPECT_EQ(questions.server(), "smtp.example.com");
  EXPECT_FALSE(questions.is_domain());
  EXPECT_EQ(questions.port(), 465u);
  EXPECT_EQ(questions.encryption(), Encryption::implicit);
  EXPECT_EQ(questions.user(), "me@example.com");
}

TEST(Questions, an_address_names_its_provider) {
  const Questions questions = answered({"me@gmail.com", "", ""});
  EXPECT_EQ(questions.server(), "smtp.gmail.com");
  EXPECT_EQ(questions.port(), 587u);
  EXPECT_EQ(questions.user(), "me@gmail.com");
  const Questions own = answered({"me@example.com", "", "-"});
  EXPECT_EQ(own.server(), "example.com");
  EXPECT_TRUE(own.is_domain());
  EXPECT_EQ(own.user(), "");
}

TEST(Questions, a_pasted_url_is_taken_apart) {
  const Questions questions = answered({"smtp://smtp.example.com:2525/", ""});
  EXPECT_EQ(questions.server(), "smtp.example.com");
  EXPECT_EQ(questions.port(), 2525u);
  EXPECT_EQ(questions.prompt(), "Which user name? (empty: no login) ");
}

TEST(Questions, what_is_not_understood_is_asked_again) {
  Questions questions(known_providers());
  EXPECT_FALSE(questions.answer(""));
  EXPECT_FALSE(questions.answer("https:///"));
  EXPECT_FALSE(questions.answer(std::string(2000, 'a')));
  EXPECT_EQ(questions.step(), Questions::Step::server);
  EXPECT_TRUE(questions.answer("smtp.example.com"));
  for (const std::string_view port : {"x", "0", "65536", "-1", "5 87"})
    EXPECT_FALSE(questions.answer(port)) << port;
  EXPECT_EQ(questions.prompt(), "Which port? [587] ");
}

}  // namespace
}  // namespace waypost::settings
