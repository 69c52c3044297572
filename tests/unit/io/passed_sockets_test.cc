#include "io/passed_sockets.h"

#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// The descriptors themselves are tried in tests/e2e/test_passed_sockets.py: a test program has its
// own from 3 on.
namespace waypost::io {
namespace {

using testing::HasSubstr;

SupervisorVariables variables(const std::string& count, const std::string& pid) {
  SupervisorVariables all;
  all.listen_fds = count;
  all.listen_pid = pid;
  return all;
}

TEST(PassedSockets, are_none_without_a_supervisor_or_for_another_process) {
  for (const std::string& pid : {std::string(), std::string("1"), std::string("x")}) {
    auto passed = PassedSockets::take(variables("2", pid));
    ASSERT_TRUE(passed);
    EXPECT_TRUE(passed->all().empty());
  }
  EXPECT_TRUE(PassedSockets::take(variables("0", std::to_string(::getpid())))->all().empty());
}

TEST(PassedSockets, are_refused_where_their_number_is_none) {
  for (const char* count : {"", "-1", "x", "2x", "1000000", "99999999999999999999"}) {
    auto passed = PassedSockets::take(variables(count, std::to_string(::getpid())));
    ASSERT_FALSE(passed) << count;
    EXPECT_EQ(passed.error().code(), ErrorCode::invalid_input);
    EXPECT_THAT(passed.error().message(), HasSubstr("LISTEN_FDS"));
  }
}

}  // namespace
}  // namespace waypost::io
