#include "smtp/line.h"

#include <string>

#include <gtest/gtest.h>

#include "smtp/limits.h"

namespace waypost::smtp {
namespace {

using namespace std::string_view_literals;

TEST(CommandLine, takes_one_line_and_leaves_the_rest) {
  const TakenLine taken = take_command_line("NOOP x\r\nQUIT\r\n", 512);
  EXPECT_EQ(taken.status, LineStatus::complete);
  EXPECT_EQ(taken.line, "NOOP x");
  EXPECT_EQ(taken.consumed, 8u);
  EXPECT_EQ(take_command_line("\r\n", 512).status, LineStatus::complete);
  EXPECT_EQ(take_command_line("\r\n", 512).line, "");
}

TEST(CommandLine, waits_for_its_end) {
  for (std::string_view text : {""sv, "N"sv, "NOOP\r"sv, "NO\0"sv}) {
    const TakenLine taken = take_command_line(text, 512);
    EXPECT_EQ(taken.status, LineStatus::incomplete) << text;
    EXPECT_EQ(taken.consumed, 0u);
  }
}

TEST(CommandLine, never_repairs_a_line_end) {
  for (std::string_view text :
       {"NOOP\n"sv, "\n"sv, "NO\rOP\r\n"sv, "NOOP\r\r\n"sv, "\rNOOP\r\n"sv, "NO\rOP\n"sv}) {
    const TakenLine taken = take_command_line(std::string(text) + "QUIT\r\n", 512);
    EXPECT_EQ(taken.status, LineStatus::bare_line_ending) << text;
    EXPECT_EQ(taken.consumed, text.size());
  }
  EXPECT_EQ(take_command_line("NO\0OP\r\n"sv, 512).status, LineStatus::nul);
}

TEST(CommandLine, counts_the_crlf_in_the_limit) {
  const std::string fits(510, 'x');
  EXPECT_EQ(take_command_line(fits + "\r\n", command_line_octets_max).status, LineStatus::complete);
  const TakenLine over = take_command_line(fits + "x\r\nQUIT\r\n", command_line_octets_max);
  EXPECT_EQ(over.status, LineStatus::too_long);
  EXPECT_EQ(over.consumed, 513u);
  EXPECT_TRUE(over.line_ended);
}

TEST(CommandLine, gives_up_on_a_line_that_can_no_longer_fit) {
  EXPECT_EQ(take_command_line(std::string(511, 'x'), 512).status, LineStatus::incomplete);
  const TakenLine over = take_command_line(std::string(512, 'x'), 512);
  EXPECT_EQ(over.status, LineStatus::too_long);
  EXPECT_EQ(over.consumed, 512u);
  EXPECT_FALSE(over.line_ended);
}

}  // namespace
}  // namespace waypost::smtp
