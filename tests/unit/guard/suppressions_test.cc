#include "guard/suppressions.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/refusal.h"
#include "io/asio_loop.h"
#include "io/task_group.h"
#include "tests/temporary_folder.h"

namespace waypost::guard {
namespace {

using records::Suppression;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

Suppression entry(std::string key, std::string reason = "recipient-unknown") {
  Suppression made;
  made.key = made.address = std::move(key);
  made.reason = std::move(reason);
  made.since = day_one;
  made.who = "relay";
  return made;
}

class GuardSuppressionsTest : public testing::Test {
 protected:
  std::unique_ptr<Suppressions> open() {
    auto made = Suppressions::open(folder_ / "suppressions.db");
    EXPECT_TRUE(made) << made.error().describe();
    return *std::move(made);
  }
  // Runs it to its end on a loop of its own.
  template <class T>
  static T run(std::function<io::Task<T>(io::Loop&)> work) {
    io::AsioLoop loop;
    std::optional<T> result;
    io::TaskGroup tasks;
    loop.post([&] { tasks.start(keep(loop, work, result)); });
    loop.run();
    return *std::move(result);
  }
  static Result<uint64_t> add(Suppressions& list, std::vector<Suppression> entries,
                              bool replace = false) {
    std::function<io::Task<Result<uint64_t>>(io::Loop&)> work = [&](io::Loop& loop) {
      return list.add(loop, std::move(entries), replace);
    };
    return run<Result<uint64_t>>(std::move(work));
  }
  static bool has(const Suppressions& list, std::string_view key) {
    return list.find({key, "bulk", "shop.example"}, day_one).has_value();
  }

  test::TemporaryFolder folder_;

 private:
  template <class T>
  static io::Task<void> keep(io::AsioLoop& loop, std::function<io::Task<T>(io::Loop&)>& work,
                             std::optional<T>& result) {
    T value = co_await work(loop);
    result.emplace(std::move(value));
    loop.stop();
  }
};

TEST_F(GuardSuppressionsTest, holds_at_once_and_after_a_restart) {
  auto list = open();
  EXPECT_EQ(add(*list, {entry("ann@example.net"), entry("bob@example.net")}), uint64_t{2});
  EXPECT_EQ(add(*list, {entry("ann@example.net", "complaint")}), uint64_t{0});
  EXPECT_TRUE(has(*list, "ann@example.net"));
  list.reset();
  list = open();
  EXPECT_EQ(list->size(), 2u);
  EXPECT_EQ(list->find({"ann@example.net", "", ""}, day_one)->reason, "recipient-unknown");
}

TEST_F(GuardSuppressionsTest, forgets_what_is_removed_for_good) {
  auto list = open();
  ASSERT_TRUE(add(*list, {entry("ann@example.net")}));
  std::function<io::Task<Result<Suppressions::Entries>>(io::Loop&)> work = [&](io::Loop& loop) {
    return list->remove(loop, "ann@example.net", std::nullopt);
  };
  auto removed = run<Result<Suppressions::Entries>>(std::move(work));
  ASSERT_TRUE(removed);
  EXPECT_THAT(*removed, testing::ElementsAre(entry("ann@example.net")));
  EXPECT_FALSE(has(*list, "ann@example.net"));
  list.reset();
  EXPECT_EQ(open()->size(), 0u);
}

TEST_F(GuardSuppressionsTest, serves_several_loops_that_ask_and_add_at_a_time) {
  constexpr int loops = 4;
  constexpr int of_each = 50;
  auto list = open();
  std::atomic<bool> done = false;
  std::thread asking([&] {
    while (!done) has(*list, "0-0@example.net");
  });
  std::vector<std::thread> adding;
  for (int t = 0; t < loops; ++t)
    adding.emplace_back([&, t] {
      for (int i = 0; i < of_each; ++i) {
        const std::string key = std::to_string(t) + "-" + std::to_string(i) + "@example.net";
        EXPECT_EQ(add(*list, {entry(key)}), uint64_t{1});
        EXPECT_TRUE(has(*list, key));
      }
    });
  for (std::thread& thread : adding) thread.join();
  done = true;
  asking.join();
  EXPECT_EQ(list->size(), size_t{loops * of_each});
}

TEST(RefusalTest, has_the_code_that_fits_the_reason) {
  const auto text = [](const char* reason) {
    return refusal_of({reason, day_one}, "ann@example.net").text();
  };
  EXPECT_EQ(text("recipient-unknown"),
            "550 5.1.1 suppressed: recipient-unknown since 2026-11-21; waypost suppressions show "
            "ann@example.net");
  EXPECT_THAT(text("recipient-disabled"), testing::StartsWith("550 5.2.1 "));
  EXPECT_THAT(text("recipient-moved"), testing::StartsWith("550 5.1.6 "));
  EXPECT_THAT(text("domain-not-found"), testing::StartsWith("550 5.1.2 "));
  EXPECT_THAT(text("no-mx"), testing::StartsWith("550 5.1.10 "));
  EXPECT_THAT(text("complaint"), testing::StartsWith("550 5.7.1 "));
  EXPECT_THAT(text("by-hand"), testing::StartsWith("550 5.7.1 "));
}

}  // namespace
}  // namespace waypost::guard
