#include "records/sent_requests.h"

#include <array>

#include <gtest/gtest.h>

#include "io/rng.h"
#include "tests/temporary_folder.h"

namespace waypost::records {
namespace {

using namespace std::chrono_literals;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

class SentRequestsTest : public testing::Test {
 protected:
  std::unique_ptr<SentRequests> open() {
    auto store = SentRequests::open(path_);
    EXPECT_TRUE(store) << store.error().describe();
    return *std::move(store);
  }
  SentRequest request(const std::string& name, const std::string& login = "app") {
    std::array<uint8_t, 10> random{};
    rng_.fill(random);
    return {login, name, "digest", MessageId::make(day_one, random), day_one};
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "records/requests.db";
  io::SeededRng rng_{1};
};

TEST_F(SentRequestsTest, gives_the_first_answer_again) {
  auto store = open();
  const SentRequest first = request("order-1");
  EXPECT_TRUE(store->claim(first)->is_new);
  auto again = store->claim(request("order-1"));
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->answer, "");
  EXPECT_EQ(again->request.message, first.message);
  ASSERT_TRUE(store->answer(first, "{}"));
  store = open();
  EXPECT_EQ(store->claim(request("order-1"))->answer, "{}");
  EXPECT_TRUE(store->claim(request("order-2"))->is_new);
  EXPECT_TRUE(store->claim(request("order-1", "other"))->is_new) << "names belong to a key";
}

TEST_F(SentRequestsTest, frees_the_name_of_what_sent_nothing) {
  auto store = open();
  ASSERT_TRUE(store->claim(request("order-1")));
  ASSERT_TRUE(store->release(request("order-1")));
  EXPECT_TRUE(store->claim(request("order-1"))->is_new);
  ASSERT_TRUE(store->forget(day_one + 1h));
  EXPECT_TRUE(store->claim(request("order-1"))->is_new);
}

TEST_F(SentRequestsTest, lets_no_login_take_all_the_room) {
  auto store = *SentRequests::open(path_, 2);
  ASSERT_TRUE(store->claim(request("one")));
  ASSERT_TRUE(store->claim(request("two")));
  const auto third = store->claim(request("three"));
  EXPECT_FALSE(third->is_new);
  EXPECT_NE(third->no_room, "");
  EXPECT_EQ(store->claim(request("two"))->no_room, "") << "a repetition is known";
  EXPECT_TRUE(store->claim(request("three", "other"))->is_new);
  store = *SentRequests::open(path_, 2);
  EXPECT_FALSE(store->claim(request("three"))->is_new) << "counted again after a start";
  ASSERT_TRUE(store->release(request("two")));
  EXPECT_TRUE(store->claim(request("three"))->is_new);
  ASSERT_TRUE(store->forget(day_one + 1h));
  EXPECT_TRUE(store->claim(request("four"))->is_new);
  EXPECT_TRUE(store->claim(request("five"))->is_new);
}

TEST_F(SentRequestsTest, gives_no_message_the_answer_of_another) {
  auto store = open();
  const SentRequest old = request("order-1");
  ASSERT_TRUE(store->claim(old));
  ASSERT_TRUE(store->release(old));
  ASSERT_TRUE(store->claim(request("order-1")));
  ASSERT_TRUE(store->answer(old, "{}"));
  EXPECT_EQ(store->claim(request("order-1"))->answer, "");
}

TEST_F(SentRequestsTest, settles_after_a_crash_by_what_was_stored) {
  const SentRequest stored = request("stored");
  {
    auto store = open();
    ASSERT_TRUE(store->claim(stored));
    ASSERT_TRUE(store->claim(request("lost")));
  }
  auto store = open();
  ASSERT_TRUE(store->settle([&](const MessageId& id) { return id == stored.message; },
                            [](const SentRequest& one) { return "sent " + one.name; }));
  EXPECT_EQ(store->claim(request("stored"))->answer, "sent stored");
  EXPECT_TRUE(store->claim(request("lost"))->is_new);
}

}  // namespace
}  // namespace waypost::records
