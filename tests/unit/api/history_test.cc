#include "api/history.h"

#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A whole day, so that steps are easily counted.
const WallTime begin{hours(24 * 20'000)};

TEST(HistoryTest, counts_what_happened_in_each_window) {
  History history(begin);
  history.add("gmail", Series::delivered, 3, begin + minutes(1));
  history.add("gmail", Series::delivered, 2, begin + hours(2));
  history.add("yahoo", Series::bounced, 1, begin + hours(2));
  const WallTime now = begin + hours(2) + seconds(5);
  EXPECT_EQ(of(history.sums("gmail", Window::hour, now), Series::delivered), 2u);
  EXPECT_EQ(of(history.sums("gmail", Window::day, now), Series::delivered), 5u);
  EXPECT_EQ(of(history.sums(History::all_mail, Window::week, now), Series::delivered), 5u);
  EXPECT_EQ(of(history.sums(History::all_mail, Window::week, now), Series::bounced), 1u);
  EXPECT_EQ(of(history.sums("gmail", Window::week, now), Series::bounced), 0u);
}

TEST(HistoryTest, moves_what_came_back_from_delivered_to_bounced) {
  History history(begin);
  history.add("gmail", Series::delivered, 3, begin + minutes(1));
  const WallTime now = begin + hours(2);
  const History::Change late{Series::delivered, begin + minutes(1), Series::bounced, now};
  history.move("gmail", late, 1);
  for (std::string_view provider : {std::string_view("gmail"), History::all_mail}) {
    EXPECT_EQ(of(history.sums(provider, Window::day, now), Series::delivered), 2u);
    EXPECT_EQ(of(history.sums(provider, Window::day, now), Series::bounced), 1u);
    EXPECT_EQ(of(history.sums(provider, Window::hour, now), Series::bounced), 1u);
  }
  // What was delivered before anybody counted is nowhere to be taken from.
  history.move("gmail", {Series::delivered, begin - hours(1), Series::bounced, now}, 1);
  history.move("gmail", {Series::delivered, begin + minutes(1), Series::bounced, now}, 5);
  EXPECT_EQ(of(history.sums("gmail", Window::day, now), Series::delivered), 0u);
  EXPECT_EQ(of(history.sums("gmail", Window::day, now), Series::bounced), 7u);
}

TEST(HistoryTest, counts_apart_what_was_not_sent) {
  History history(begin);
  history.add_apart(History::notices, Series::delivered, 2, begin);
  for (int i = 0; i < 100; ++i)
    history.add("site" + std::to_string(i), Series::delivered, 1, begin);
  history.add_apart(History::inbound, Series::delivered, 3, begin);
  EXPECT_EQ(of(history.sums(History::all_mail, Window::hour, begin), Series::delivered), 100u);
  EXPECT_EQ(of(history.sums(History::notices, Window::hour, begin), Series::delivered), 2u);
  EXPECT_EQ(of(history.sums(History::inbound, Window::hour, begin), Series::delivered), 3u);
  EXPECT_EQ(history.providers().size(), History::providers_max + 1);
}

TEST(HistoryTest, says_what_it_does_not_know) {
  History history(begin);
  history.add(History::all_mail, Series::accepted, 7, begin + minutes(10));
  const auto curves = history.curves(History::all_mail, Window::day, begin + minutes(20));
  ASSERT_TRUE(curves);
  const auto& accepted = curves->counts[size_t(Series::accepted)];
  ASSERT_EQ(accepted.size(), 288u);
  EXPECT_EQ(curves->step, minutes(5));
  EXPECT_EQ(curves->start + curves->step * 287, begin + minutes(20));
  EXPECT_EQ(accepted[282], std::nullopt);  // before the start
  EXPECT_EQ(accepted[283], 0u);
  EXPECT_EQ(accepted[285], 7u);
  EXPECT_EQ(curves->waiting[285], std::nullopt);  // nobody looked
  history.look(History::all_mail, 4, begin + minutes(20));
  EXPECT_EQ(history.curves(History::all_mail, Window::day, begin + minutes(20))->waiting[287], 4u);
  EXPECT_FALSE(history.curves("nobody", Window::day, begin));
}

// Two hours ahead and back: what was lost by that is not shown as an hour without mail.
TEST(HistoryTest, a_clock_that_is_set_leaves_gaps_and_no_zeros) {
  History history(begin);
  const WallTime now = begin + hours(5);
  for (int i = 0; i < 3600; ++i)
    history.add("gmail", Series::delivered, 1, now + seconds(i - 3600));
  history.clock_was_set(now, now + hours(2));
  history.add("gmail", Series::delivered, 5, now + hours(2) + seconds(1));
  history.clock_was_set(now + hours(2) + minutes(1), now + minutes(1));
  history.add("gmail", Series::delivered, 7, now + minutes(2));
  const WallTime later = now + minutes(3);
  EXPECT_EQ(of(history.sums("gmail", Window::day, later), Series::delivered), 3607u);
  const auto hour = history.curves("gmail", Window::hour, later);
  const auto& delivered = hour->counts[size_t(Series::delivered)];
  EXPECT_EQ(delivered[0], std::nullopt);         // its seconds are lost
  EXPECT_EQ(delivered[359 - 15], std::nullopt);  // between the two clocks
  EXPECT_EQ(delivered[359 - 6], 7u);
  EXPECT_EQ(delivered[359], 0u);
}

TEST(HistoryTest, forgets_what_is_too_old_and_nothing_else) {
  History history(begin);
  for (int i = 0; i < 10'000; ++i) history.add("gmail", Series::delivered, 1, begin + seconds(i));
  const WallTime now = begin + seconds(9'999);
  EXPECT_EQ(of(history.sums("gmail", Window::hour, now), Series::delivered), 3600u);
  EXPECT_EQ(of(history.sums("gmail", Window::week, now), Series::delivered), 10'000u);
  // After a long silence nothing of the round before shows through.
  EXPECT_EQ(of(history.sums("gmail", Window::hour, now + hours(30)), Series::delivered), 0u);
  history.add("gmail", Series::delivered, 1, now + hours(30));
  EXPECT_EQ(of(history.sums("gmail", Window::hour, now + hours(30)), Series::delivered), 1u);
  // An event that comes late counts where it belongs, and one from long ago nowhere.
  history.add("gmail", Series::delivered, 1, now + hours(29) + minutes(30));
  history.add("gmail", Series::delivered, 1, begin - hours(24 * 500));
  EXPECT_EQ(of(history.sums("gmail", Window::hour, now + hours(30)), Series::delivered), 2u);
  EXPECT_EQ(history.tried_per_second("gmail", now + hours(30) + seconds(30)), 1.0 / 60);
}

TEST(HistoryTest, keeps_so_many_providers_and_no_more) {
  History history(begin);
  for (int i = 0; i < 100; ++i)
    history.add("site" + std::to_string(i), Series::delivered, 1, begin);
  const auto providers = history.providers();
  EXPECT_EQ(providers.size(), History::providers_max + 1);
  uint64_t sum = 0;
  for (const std::string& provider : providers)
    sum += of(history.sums(provider, Window::hour, begin), Series::delivered);
  EXPECT_EQ(sum, 100u);
  EXPECT_EQ(of(history.sums(History::other_provider, Window::hour, begin), Series::delivered),
            100 - History::providers_max);
}

TEST(HistoryTest, knows_its_windows_by_name) {
  for (Window window : {Window::hour, Window::day, Window::week, Window::month, Window::year})
    EXPECT_EQ(parse_window(name(window)), window);
  EXPECT_EQ(parse_window("2h"), std::nullopt);
  EXPECT_EQ(length_of(Window::day), hours(24));
  EXPECT_EQ(length_of(Window::year), hours(24 * 400));
}

}  // namespace
}  // namespace waypost::api
