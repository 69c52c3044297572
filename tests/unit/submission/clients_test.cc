#include "submission/clients.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace waypost::submission {
namespace {

TEST(Clients, names_sessions_in_the_order_of_time_and_never_twice) {
  const WallTime today{std::chrono::sys_days{std::chrono::year{2026} / 11 / 21}};
  Clients clients;
  std::vector<std::string> names;
  for (int i = 0; i < 10'000; ++i) names.push_back(clients.new_session_id(today));
  names.push_back(clients.new_session_id(today - std::chrono::hours(1)));
  names.push_back(clients.new_session_id(today + std::chrono::seconds(1)));
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  for (const std::string& name : names) EXPECT_EQ(name.size(), 13u);
  Clients restarted;
  EXPECT_GT(restarted.new_session_id(today + std::chrono::seconds(2)), names.back());
}

TEST(Clients, bounds_the_lines_of_failed_logins_over_all_networks) {
  Clients clients;
  const Instant now{std::chrono::hours(1)};
  int lines = 0;
  for (int i = 0; i < 1000; ++i) lines += clients.failed_login_is_worth_a_line(now);
  EXPECT_EQ(lines, 100);
  for (int i = 0; i < 1000; ++i)
    lines += clients.failed_login_is_worth_a_line(now + std::chrono::seconds(1));
  EXPECT_EQ(lines, 110);
}

TEST(Clients, tells_of_a_refused_network_once_a_minute) {
  const IpAddress network = IpAddress::v4({192, 0, 2, 7});
  const Instant now{std::chrono::hours(1)};
  Clients clients;
  EXPECT_TRUE(clients.is_worth_telling(network, now));
  EXPECT_FALSE(clients.is_worth_telling(network, now + std::chrono::seconds(59)));
  EXPECT_TRUE(clients.is_worth_telling(IpAddress::v4({192, 0, 2, 8}), now));
  EXPECT_TRUE(clients.is_worth_telling(network, now + std::chrono::seconds(60)));
}

TEST(ClientsTest, counts_over_all_threads) {
  Clients clients;
  const IpAddress network = IpAddress::v4({192, 0, 2, 7});
  constexpr Pace pace{std::chrono::hours(1), 500};
  const Instant now{std::chrono::hours(1)};
  std::atomic<int> begun = 0;
  auto visit = [&] {
    for (int i = 0; i < 1000; ++i) {
      const Clients::Place place(clients, network);
      begun += clients.begin_message("app", pace, now) == Duration(0);
    }
  };
  std::thread one(visit);
  std::thread another(visit);
  one.join();
  another.join();
  EXPECT_EQ(begun, 500);
  EXPECT_EQ(clients.connected(), 0u);
  EXPECT_EQ(clients.connected_from(network), 0u);
}

}  // namespace
}  // namespace waypost::submission
