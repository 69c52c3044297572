#include "demo/summary.h"

#include <gtest/gtest.h>

namespace waypost::demo {
namespace {

using namespace std::chrono_literals;
using events::EventKind;

events::Event event(EventKind kind, const std::string& recipient, uint32_t attempt,
                    Duration since = 0s) {
  events::Event made;
  made.kind = kind;
  std::array<uint8_t, 10> random{};
  random[9] = static_cast<uint8_t>(recipient[0]);
  made.message = MessageId::make(WallTime(), random);
  made.recipients = {recipient};
  made.attempt = attempt;
  made.since_accepted = since;
  return made;
}

std::span<const Persona> two_of_them() { return personas().first(2); }

TEST(Summary, counts_by_provider_and_in_all) {
  Summary summary(two_of_them());
  for (const char* recipient : {"a@gmail.test", "b@gmail.test", "c@outlook.test"})
    summary.add(event(EventKind::accepted, recipient, 0));
  summary.add(event(EventKind::deferred, "a@gmail.test", 1));
  summary.add(event(EventKind::delivered, "a@gmail.test", 2, 2s));
  summary.add(event(EventKind::bounced, "c@outlook.test", 1));
  EXPECT_EQ(summary.delivered(), 1u);
  EXPECT_EQ(summary.deferred(), 1u);
  EXPECT_EQ(summary.bounced(), 1u);
  EXPECT_EQ(summary.came_back(), 0u);
  EXPECT_EQ(summary.waiting(), 1u);
  EXPECT_EQ(summary.table(),
            "Provider      accepted  delivered  deferrals  bounced  waiting  came back time to "
            "deliver 50/95 %\n"
            "Gmail                2          1          1        0        1          0       2.0 s "
            "      2.0 s\n"
            "Outlook              1          0          0        1        0          0           - "
            "          -\n"
            "All                  3          1          1        1        1          0       2.0 s "
            "      2.0 s\n");
}

TEST(Summary, tells_each_cause_once_with_its_number) {
  Summary summary(two_of_them());
  for (const char* recipient : {"a@gmail.test", "b@gmail.test"}) {
    events::Event bounced = event(EventKind::bounced, recipient, 1);
    bounced.cause.reply_class = "recipient-unknown";
    summary.add(bounced);
  }
  // What they said last before we gave up is no cause of its own.
  for (const char* last : {"", "connection-refused"}) {
    events::Event expired = event(EventKind::expired, "a@outlook.test", 3);
    expired.cause.reply_class = last;
    summary.add(expired);
  }
  summary.add(event(EventKind::complained, "c@outlook.test", 0));
  summary.add(event(EventKind::bounced, "d@elsewhere.test", 1));
  EXPECT_EQ(summary.causes(),
            "bounced      Gmail          2  recipient-unknown\n"
            "complained   Outlook        1  -\n"
            "expired      Outlook        2  expired\n");
  EXPECT_EQ(summary.bounced(), 4u);
  EXPECT_EQ(summary.came_back(), 1u);
}

TEST(Summary, picks_the_delivered_message_with_the_most_attempts) {
  Summary summary(personas());
  EXPECT_FALSE(summary.most_interesting());
  summary.add(event(EventKind::delivered, "a@gmail.test", 1));
  summary.add(event(EventKind::delivered, "b@gmail.test", 3));
  summary.add(event(EventKind::bounced, "c@gmail.test", 9));
  EXPECT_EQ(summary.most_interesting(), event(EventKind::delivered, "b@gmail.test", 3).message);
}

}  // namespace
}  // namespace waypost::demo
