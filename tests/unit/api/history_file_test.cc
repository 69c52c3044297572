#include "api/history_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// A whole day, so that steps are easily counted.
const WallTime begin{hours(24 * 20'000)};

std::string encoded(const History& history, WallTime now) {
  std::string places = encode_place(history, History::all_mail);
  for (const std::string& name : history.providers()) places += encode_place(history, name);
  return sealed_history(encode_times(history, now), places);
}

History counted() {
  History history(begin);
  for (int i = 0; i < 7200; ++i) history.add("gmail", Series::delivered, 2, begin + seconds(i));
  history.add("yahoo", Series::bounced, 70'000, begin + minutes(5));
  history.look(History::all_mail, 0, begin + minutes(119));
  history.look("gmail", 12, begin + minutes(119));
  return history;
}

TEST(HistoryFileTest, a_restart_knows_all_that_was_and_nothing_of_the_time_between) {
  const History before = counted();
  const WallTime stopped = begin + hours(2);
  const WallTime started = begin + hours(3);
  History after(started);
  const Result<void> decoded = decode_history(encoded(before, stopped), started, after);
  ASSERT_TRUE(decoded) << decoded.error().describe();
  EXPECT_EQ(after.providers(), before.providers());
  EXPECT_EQ(after.started(), begin);
  const WallTime now = started + minutes(10);
  EXPECT_EQ(of(after.sums("gmail", Window::day, now), Series::delivered), 14'400u);
  EXPECT_EQ(of(after.sums(History::all_mail, Window::year, now), Series::bounced), 70'000u);
  const auto was = before.curves("gmail", Window::hour, stopped - seconds(1));
  const auto is = after.curves("gmail", Window::hour, stopped - seconds(1));
  EXPECT_EQ(is->counts, was->counts);
  EXPECT_EQ(is->waiting, was->waiting);
  const auto day = after.curves("gmail", Window::day, now);
  const auto& delivered = day->counts[size_t(Series::delivered)];
  // Of 5 minutes each; the last begins now.
  EXPECT_EQ(delivered[287], 0u);
  EXPECT_EQ(delivered[285], 0u);
  EXPECT_EQ(delivered[284], std::nullopt);  // no relay ran
  EXPECT_EQ(delivered[273], std::nullopt);
  EXPECT_EQ(delivered[272], 600u);
  EXPECT_EQ(day->waiting[272], 12u);
  EXPECT_EQ(delivered[248], std::nullopt);  // before the first
}

// As many as there can be, and names on both sides of the one that the others share.
TEST(HistoryFileTest, a_restart_keeps_the_providers_that_share_a_curve) {
  History before(begin);
  for (char first : {'a', 'z'})
    for (size_t i = 0; i < History::providers_max; ++i)
      before.add(fmt::format("{}{}", first, i), Series::delivered, 1, begin);
  before.add("m", Series::delivered, 1, begin);
  History after(begin + minutes(1));
  const Result<void> decoded =
      decode_history(encoded(before, begin + minutes(1)), begin + minutes(1), after);
  ASSERT_TRUE(decoded) << decoded.error().describe();
  EXPECT_EQ(after.providers(), before.providers());
  History reversed(begin);
  for (size_t i = 0; i <= History::providers_max; ++i)
    reversed.add(fmt::format("z{}", i), Series::delivered, 1, begin);
  EXPECT_TRUE(decode_history(encoded(reversed, begin), begin, after = History(begin)));
  EXPECT_EQ(after.providers(), reversed.providers());
}

TEST(HistoryFileTest, a_restart_knows_what_a_clock_that_was_set_took) {
  History before = counted();
  const WallTime now = begin + hours(2);
  before.add("gmail", Series::delivered, 1, now + hours(2));
  before.clock_was_set(now + hours(2), now);
  History after(now);
  ASSERT_TRUE(decode_history(encoded(before, now), now, after));
  const auto lost = after.curves("gmail", Window::hour, now);
  EXPECT_EQ(lost->counts[size_t(Series::delivered)][300], std::nullopt);
}

TEST(HistoryFileTest, refuses_what_is_damaged_wherever_that_is) {
  const std::string whole = encoded(counted(), begin + hours(2));
  const auto is_good = [](const std::string& octets) {
    History into(begin + hours(2));
    return decode_history(octets, begin + hours(2), into).has_value();
  };
  EXPECT_TRUE(is_good(whole));
  EXPECT_FALSE(is_good(""));
  EXPECT_FALSE(is_good(whole + "x"));
  EXPECT_FALSE(is_good(whole.substr(0, whole.size() - 1)));
  for (size_t at = 0; at < whole.size(); at += 997) {
    std::string other = whole;
    other[at] = char(other[at] ^ 1);
    EXPECT_FALSE(is_good(other)) << at;
  }
}

// As one who can write the digest as well could make it.
TEST(HistoryFileTest, takes_no_number_that_cannot_be) {
  History none(begin);
  const auto is_good = [&](const std::string& places) {
    History into(begin);
    return decode_history(sealed_history(encode_times(none, begin), places), begin, into)
        .has_value();
  };
  const std::string huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
  const std::string name =
      "\x01"
      "a";
  const std::string zero(1, '\0');
  const std::string no_ring = zero + zero;
  EXPECT_TRUE(is_good(name + no_ring + no_ring + no_ring));
  EXPECT_FALSE(is_good(name + no_ring + no_ring + zero));
  EXPECT_FALSE(
      is_good("\x05"
              "a"));
  EXPECT_FALSE(is_good(name + huge));
  EXPECT_FALSE(is_good(name + zero + huge));
  EXPECT_FALSE(is_good(name + zero + "\x01" + huge + huge + huge + huge + huge + huge));
  EXPECT_FALSE(is_good(huge + huge));
  std::string many;
  for (int i = 0; i < 60; ++i)
    many += std::string("\x01", 1) + char('A' + i) + no_ring + no_ring + no_ring;
  EXPECT_FALSE(is_good(many));
}

}  // namespace
}  // namespace waypost::api
