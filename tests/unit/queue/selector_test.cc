#include "queue/selector.h"

#include <gtest/gtest.h>

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;

const WallTime now{std::chrono::hours(24 * 20000)};

Standing standing() {
  Standing made;
  made.accepted_at = now - 2h;
  made.sender = "App@Example.com";
  made.recipient = "ann@example.net";
  made.tenant = "shop";
  made.stream = "bulk";
  made.login = "backend";
  made.site = "mx.example.net";
  made.hold = Hold::deferred;
  made.reply_class = "mailbox-full";
  return made;
}

TEST(Selector, selects_nothing_when_nothing_is_said) {
  EXPECT_FALSE(Selector().selects_something());
  Selector all;
  all.all = true;
  EXPECT_TRUE(all.selects_something());
  EXPECT_TRUE(all.matches(standing(), now));
}

TEST(Selector, matches_each_thing_that_can_be_said_and_nothing_else) {
  struct Case {
    std::string Selector::*field;
    std::string fits;
    std::string fits_not;
  };
  const std::vector<Case> cases{
      {&Selector::recipient, "ANN@example.net", "bob@example.net"},
      {&Selector::domain, "Example.NET", "example.com"},
      {&Selector::site, "mx.example.net", "mx2.example.net"},
      {&Selector::sender, "app@example.com", "<>"},
      {&Selector::login, "backend", "Backend"},
      {&Selector::stream, "Bulk", "transactional"},
      {&Selector::tenant, "shop", "default"},
      {&Selector::reply_class, "mailbox-full", "greylisted"},
  };
  for (const Case& one : cases) {
    Selector selector;
    selector.*one.field = one.fits;
    EXPECT_TRUE(selector.selects_something());
    EXPECT_TRUE(selector.matches(standing(), now)) << one.fits;
    selector.*one.field = one.fits_not;
    EXPECT_FALSE(selector.matches(standing(), now)) << one.fits_not;
  }
}

TEST(Selector, wants_all_that_is_said_to_hold) {
  Selector selector;
  selector.domain = "example.net";
  selector.hold = Hold::deferred;
  selector.older_than = 1h;
  EXPECT_TRUE(selector.matches(standing(), now));
  selector.hold = Hold::held;
  EXPECT_FALSE(selector.matches(standing(), now));
}

TEST(Selector, compares_ages) {
  Selector selector;
  selector.older_than = 3h;
  EXPECT_FALSE(selector.matches(standing(), now));
  selector = {};
  selector.newer_than = 3h;
  EXPECT_TRUE(selector.matches(standing(), now));
  selector.newer_than = 1h;
  EXPECT_FALSE(selector.matches(standing(), now));
}

TEST(Selector, knows_the_null_sender_by_its_brackets) {
  Selector selector;
  selector.sender = "<>";
  Standing bounce = standing();
  bounce.sender = "";
  EXPECT_TRUE(selector.matches(bounce, now));
  EXPECT_FALSE(selector.matches(standing(), now));
}

TEST(Selector, takes_any_of_several_ids) {
  Standing one = standing();
  std::array<uint8_t, 10> random{};
  random[9] = 1;
  one.id = MessageId::make(now, random);
  random[9] = 2;
  MessageId other = MessageId::make(now, random);
  Selector selector;
  selector.ids = {other};
  EXPECT_FALSE(selector.matches(one, now));
  selector.ids = {other, one.id};
  EXPECT_TRUE(selector.matches(one, now));
}

}  // namespace
}  // namespace waypost::queue
