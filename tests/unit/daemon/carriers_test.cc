#include "daemon/carriers.h"

#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "io/loop_thread.h"
#include "io/task_group.h"

namespace waypost::daemon {
namespace {

using std::this_thread::get_id;

// Keeps to the contract of a courier, and notes where it was asked.
class NotingCourier final : public queue::Courier {
 public:
  std::optional<shaping::MailHost> known_mail_host(const std::string& domain) override {
    return shaping::MailHost{"mx." + domain, {}};
  }
  io::Task<tl::expected<shaping::MailHost, events::Outcome>> find_mail_host(
      std::string domain) override {
    co_return shaping::MailHost{"mx." + domain, {}};
  }
  unsigned idle_connections(const std::string&) const override { return idle; }
  io::Task<void> attempt(queue::Assignment assignment) override {
    carried_on.insert(get_id());
    sites.insert(assignment.site);
    ++carried;
    ++idle;
    refused = co_await assignment.turn();
    std::vector<events::Outcome> outcomes(assignment.recipients.size());
    co_await assignment.settle(std::move(outcomes));
    settled_on.insert(get_id());
  }

  std::set<std::thread::id> carried_on, settled_on;
  std::set<std::string> sites;
  std::optional<std::string> refused;
  unsigned carried = 0;
  unsigned idle = 0;
};

struct Loop {
  io::LoopThread thread{"test-loop"};
  io::Remote remote{thread.loop()};
  NotingCourier courier;
};

class CarriersTest : public testing::Test {
 public:
  queue::Assignment assignment_for(const std::string& site) {
    queue::Assignment assignment;
    assignment.recipients = {0, 1};
    assignment.site = site;
    assignment.turn = [this] { return give_turn(); };
    assignment.settle = [this](std::vector<events::Outcome> outcomes) {
      return settle(std::move(outcomes));
    };
    return assignment;
  }
  io::Task<std::optional<std::string>> give_turn() {
    asked_on_.insert(get_id());
    co_return "too late";
  }
  io::Task<void> settle(std::vector<events::Outcome> outcomes) {
    asked_on_.insert(get_id());
    settled_ += outcomes.size();
    co_return;
  }
  io::Task<void> carry_all(Carriers& carriers, std::vector<std::string> sites) {
    for (const std::string& site : sites) {
      queue::Assignment assignment = assignment_for(site);
      co_await carriers.attempt(std::move(assignment));
    }
    home_loop_.stop();
  }
  void run(Carriers& carriers, std::vector<std::string> sites) {
    io::TaskGroup group;
    for (Loop* loop : {&one_, &two_}) loop->thread.start();
    home_loop_.post([&] { group.start(carry_all(carriers, std::move(sites))); });
    home_loop_.run();
    for (Loop* loop : {&one_, &two_}) loop->thread.end();
  }

  io::AsioLoop home_loop_;
  io::Remote home_remote_{home_loop_};
  NotingCourier home_;
  Loop one_, two_;
  std::set<std::thread::id> asked_on_;
  size_t settled_ = 0;
};

std::vector<std::string> some_sites() {
  std::vector<std::string> sites;
  for (int i = 0; i < 20; ++i) sites.push_back("mx" + std::to_string(i) + ".test");
  return sites;
}

TEST_F(CarriersTest, a_site_is_carried_by_one_loop_and_all_loops_but_the_first_carry) {
  Carriers carriers(
      {{&home_remote_, &home_}, {&one_.remote, &one_.courier}, {&two_.remote, &two_.courier}});
  std::vector<std::string> twice = some_sites();
  const std::vector<std::string> again = some_sites();
  twice.insert(twice.end(), again.begin(), again.end());
  run(carriers, twice);
  EXPECT_EQ(home_.carried, 0u);
  EXPECT_EQ(one_.courier.carried + two_.courier.carried, twice.size());
  EXPECT_EQ(one_.courier.sites.size() + two_.courier.sites.size(), again.size());
  EXPECT_GT(one_.courier.carried, 0u);
  EXPECT_GT(two_.courier.carried, 0u);
  EXPECT_FALSE(one_.courier.carried_on.contains(get_id()));
  EXPECT_EQ(one_.courier.carried_on, one_.courier.settled_on);
}

TEST_F(CarriersTest, what_an_attempt_asks_is_answered_on_the_loop_of_the_queue) {
  Carriers carriers({{&home_remote_, &home_}, {&one_.remote, &one_.courier}});
  run(carriers, some_sites());
  EXPECT_EQ(asked_on_, std::set{get_id()});
  EXPECT_EQ(settled_, 2 * some_sites().size());
  EXPECT_EQ(one_.courier.refused, "too late");
}

TEST_F(CarriersTest, knows_of_idle_connections_what_the_last_attempt_left) {
  Carriers carriers({{&home_remote_, &home_}, {&one_.remote, &one_.courier}});
  carriers.forget_idle(std::chrono::hours(1));
  EXPECT_EQ(carriers.idle_connections("mx1.test"), 0u);
  run(carriers, {"mx1.test", "mx1.test"});
  EXPECT_EQ(carriers.idle_connections("mx1.test"), 2u);
  EXPECT_EQ(carriers.idle_connections("mx2.test"), 0u);
  carriers.forget_idle(std::chrono::hours(1));
  EXPECT_EQ(carriers.idle_connections("mx1.test"), 0u);
}

TEST_F(CarriersTest, believes_in_idle_connections_no_longer_than_they_are_kept) {
  Carriers carriers({{&home_remote_, &home_}, {&one_.remote, &one_.courier}});
  carriers.forget_idle(Duration(0));
  run(carriers, {"mx1.test"});
  EXPECT_EQ(carriers.idle_connections("mx1.test"), 0u);
}

TEST_F(CarriersTest, the_only_loop_carries_itself) {
  Carriers carriers({{&home_remote_, &home_}});
  run(carriers, some_sites());
  EXPECT_EQ(home_.carried, some_sites().size());
  EXPECT_EQ(home_.carried_on, std::set{get_id()});
  EXPECT_EQ(carriers.idle_connections("mx1.test"), home_.idle);
}

}  // namespace
}  // namespace waypost::daemon
