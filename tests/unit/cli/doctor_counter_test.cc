#include "cli/doctor_counter.h"

#include <gtest/gtest.h>

namespace waypost::cli {
namespace {

using std::chrono::milliseconds;

TEST(WaitCounter, says_what_is_waited_for_and_how_long) {
  doctor::Evidence evidence{1, Duration(0), doctor::Evidence::Kind::sent, "192.0.2.1:25", "EHLO a"};
  EXPECT_EQ(waiting_line(&evidence, milliseconds(4900)), "  4 s: no answer yet to EHLO a");
  evidence.kind = doctor::Evidence::Kind::note;
  EXPECT_EQ(waiting_line(&evidence, milliseconds(2000)), "  2 s: waiting for an answer");
  EXPECT_EQ(waiting_line(nullptr, milliseconds(2000)), "  2 s: waiting for an answer");
}

TEST(WaitCounter, keeps_to_one_line_and_commands_no_terminal) {
  doctor::Evidence evidence{1, Duration(0), doctor::Evidence::Kind::sent, "",
                            "RCPT TO:<\x1b[2J" + std::string(500, 'x') + ">"};
  const std::string line = waiting_line(&evidence, milliseconds(2000));
  EXPECT_LT(line.size(), 80u);
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace waypost::cli
