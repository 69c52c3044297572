#include "demo/magic.h"

#include <gtest/gtest.h>

namespace waypost::demo {
namespace {

TEST(Magic, a_code_asks_for_that_reply) {
  auto magic = magic_of("550-5.7.26");
  ASSERT_TRUE(magic);
  EXPECT_EQ(magic->kind, Magic::Kind::says);
  EXPECT_EQ(magic->reply.code, 550);
  EXPECT_EQ(magic->reply.enhanced, (smtp::EnhancedCode{5, 7, 26}));
  magic = magic_of("421");
  ASSERT_TRUE(magic);
  EXPECT_EQ(magic->reply.code, 421);
  EXPECT_FALSE(magic->reply.enhanced);
}

TEST(Magic, names_are_read_in_any_case_and_up_to_a_plus) {
  EXPECT_EQ(magic_of("Timeout+one")->kind, Magic::Kind::is_silent);
  EXPECT_EQ(magic_of("latebounce")->kind, Magic::Kind::bounces_later);
  EXPECT_EQ(magic_of("COMPLAINT+a+b")->kind, Magic::Kind::complains);
  EXPECT_EQ(magic_of("defer-3x")->times, 3u);
  EXPECT_EQ(magic_of("defer-99X")->times, 99u);
}

TEST(Magic, what_is_not_quite_a_word_is_an_ordinary_mailbox) {
  for (const char* name : {"", "anna", "timeouts", "+timeout", "250-2.0.0", "600", "55", "5501",
                           "550-4.7.26", "550_5.7.26", "550-5.7", "550-5.7.26x", "defer-0x",
                           "defer-100x", "defer-x", "defer-3", "defer--3x", "defer-3.5x"})
    EXPECT_FALSE(magic_of(name)) << name;
}

}  // namespace
}  // namespace waypost::demo
