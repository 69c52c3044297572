#include "demo/capture_courier.h"

#include <gtest/gtest.h>

#include "io/task_group.h"

namespace waypost::demo {
namespace {

std::shared_ptr<const spool::Envelope> envelope(std::vector<std::string> mailboxes) {
  auto made = std::make_shared<spool::Envelope>();
  for (std::string& mailbox : mailboxes)
    made->recipients.push_back({std::move(mailbox), "anywhere.example"});
  return made;
}

io::Task<void> keep(std::vector<events::Outcome> outcomes, std::vector<events::Outcome>& into) {
  into = std::move(outcomes);
  co_return;
}

// What becomes of each recipient at one attempt.
std::vector<events::Outcome> attempt(CaptureCourier& courier,
                                     const std::shared_ptr<const spool::Envelope>& of) {
  std::vector<events::Outcome> found;
  queue::Assignment assignment;
  assignment.envelope = of;
  for (uint32_t i = 0; i < of->recipients.size(); ++i) assignment.recipients.push_back(i);
  assignment.settle = [&found](std::vector<events::Outcome> outcomes) {
    return keep(std::move(outcomes), found);
  };
  io::TaskGroup tasks;
  tasks.start(courier.attempt(std::move(assignment)));
  return found;
}

TEST(CaptureCourier, never_delivers) {
  CaptureCourier courier;
  const auto outcomes = attempt(
      courier, envelope({"anna", "latebounce", "complaint", "550-5.1.1", "421", "timeout"}));
  ASSERT_EQ(outcomes.size(), 6u);
  for (const events::Outcome& outcome : outcomes)
    EXPECT_NE(outcome.verdict, events::Verdict::delivered);
  EXPECT_EQ(outcomes[0].text(), CaptureCourier::reason);
  EXPECT_EQ(outcomes[1].text(), CaptureCourier::reason);
  EXPECT_EQ(outcomes[3].verdict, events::Verdict::bounced);
  EXPECT_EQ(outcomes[3].reply->code, 550);
  EXPECT_EQ(outcomes[4].verdict, events::Verdict::deferred);
  EXPECT_EQ(outcomes[4].reply->code, 421);
  EXPECT_FALSE(outcomes[5].reply);
}

TEST(CaptureCourier, defers_as_often_as_asked_and_keeps_it_then) {
  CaptureCourier courier;
  const auto mail = envelope({"defer-2x"});
  EXPECT_EQ(attempt(courier, mail)[0].reply->code, 451);
  EXPECT_EQ(attempt(courier, mail)[0].reply->code, 451);
  EXPECT_EQ(attempt(courier, mail)[0].text(), CaptureCourier::reason);
}

TEST(CaptureCourier, mail_is_kept_unless_all_of_it_is_to_be_refused) {
  EXPECT_EQ(kept_because(*envelope({"anna"})), CaptureCourier::reason);
  EXPECT_EQ(kept_because(*envelope({"anna", "550"})), CaptureCourier::reason);
  EXPECT_EQ(kept_because(*envelope({"latebounce"})), CaptureCourier::reason);
  EXPECT_EQ(kept_because(*envelope({"550", "defer-3x"})), "");
}

}  // namespace
}  // namespace waypost::demo
