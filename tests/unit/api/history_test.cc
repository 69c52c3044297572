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
