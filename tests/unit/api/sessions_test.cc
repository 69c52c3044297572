#include "api/sessions.h"

#include <vector>

#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using std::chrono::hours;

class SessionsTest : public testing::Test {
 protected:
  std::string begin(Instant now) { return sessions_.begin({"admin", "salt", {}}, now, rng_).token; }

  io::SeededRng rng_{1};
  Sessions sessions_;
  const Instant start_ = Instant(hours(1000));
};

TEST_F(SessionsTest, knows_a_session_by_its_token_alone) {
  const std::string token = begin(start_);
  EXPECT_EQ(token.size(), 64u);
  const auto session = sessions_.find(token, start_);
  ASSERT_TRUE(session);
  EXPECT_NE(session->csrf, token);
  EXPECT_EQ(session->key->scopes.size(), 3u);
  EXPECT_FALSE(sessions_.find("", start_));
  EXPECT_FALSE(sessions_.find(session->csrf, start_));
  EXPECT_NE(begin(start_), token);
}

TEST_F(SessionsTest, ends_when_it_is_not_used_or_too_old) {
  const std::string idle = begin(start_);
  EXPECT_TRUE(sessions_.find(idle, start_ + hours(11)));
  EXPECT_TRUE(sessions_.find(idle, start_ + hours(22)));
  EXPECT_FALSE(sessions_.find(idle, start_ + hours(34)));
  const std::string busy = begin(start_);
  for (int i = 1; i < 7 * 24; ++i) EXPECT_TRUE(sessions_.find(busy, start_ + hours(i)));
  EXPECT_FALSE(sessions_.find(busy, start_ + hours(7 * 24)));
}

TEST_F(SessionsTest, ends_for_good) {
  const std::string token = begin(start_);
  const auto session = sessions_.find(token, start_);
  sessions_.end(*session);
  EXPECT_TRUE(Sessions::is_over(*session, start_));
  EXPECT_FALSE(sessions_.find(token, start_));
}

TEST_F(SessionsTest, has_room_for_so_many) {
  const std::string first = begin(start_);
  const std::string second = begin(start_ + hours(1));
  for (size_t i = 2; i < Sessions::sessions_max; ++i) begin(start_ + hours(2));
  EXPECT_TRUE(sessions_.find(first, start_ + hours(3)));  // now the second was used longest ago
  begin(start_ + hours(3));
  EXPECT_TRUE(sessions_.find(first, start_ + hours(3)));
  EXPECT_FALSE(sessions_.find(second, start_ + hours(3)));
}

}  // namespace
}  // namespace waypost::api
