#include "queue/messages.h"

#include <array>

#include <gtest/gtest.h>

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;

MessageId id_of(unsigned number) {
  return MessageId::make(WallTime(1'795'000'000s) + std::chrono::milliseconds(number),
                         std::array<uint8_t, 10>{});
}

class MessagesTest : public testing::Test {
 protected:
  Message& insert(unsigned number) {
    spool::Envelope envelope;
    envelope.id = id_of(number);
    envelope.recipients = {{"ann", "example.net"}};
    return messages_.insert(std::make_unique<Message>(std::move(envelope)));
  }
  std::vector<MessageId> in_order() const {
    std::vector<MessageId> ids;
    const Message* message = messages_.first_after(std::nullopt);
    for (; message; message = messages_.first_after(message->id)) ids.push_back(message->id);
    return ids;
  }

  Messages messages_;
};

TEST_F(MessagesTest, are_in_the_order_of_their_ids_however_they_come) {
  for (unsigned number : {5, 7, 1, 3, 9, 8}) insert(number);
  EXPECT_EQ(messages_.size(), 6u);
  EXPECT_EQ(in_order(), (std::vector{id_of(1), id_of(3), id_of(5), id_of(7), id_of(8), id_of(9)}));
  EXPECT_EQ(messages_.first_after(id_of(4))->id, id_of(5));
  EXPECT_EQ(messages_.first_after(id_of(9)), nullptr);
}

TEST_F(MessagesTest, are_found_until_they_are_erased) {
  Message& message = insert(2);
  insert(4);
  EXPECT_EQ(messages_.find(id_of(2)), &message);
  messages_.set_alarm(message, Instant(1s));
  messages_.erase(message);
  EXPECT_EQ(messages_.find(id_of(2)), nullptr);
  EXPECT_EQ(messages_.first_alarm(), nullptr);
  EXPECT_EQ(in_order(), std::vector{id_of(4)});
}

TEST_F(MessagesTest, ring_in_the_order_of_their_alarms_then_of_their_ids) {
  Message& one = insert(1);
  Message& two = insert(2);
  Message& three = insert(3);
  messages_.set_alarm(three, Instant(20s));
  messages_.set_alarm(two, Instant(20s));
  messages_.set_alarm(one, Instant(30s));
  EXPECT_EQ(messages_.first_alarm(), &two);
  messages_.set_alarm(two, Instant(40s));  // in place of the other
  EXPECT_EQ(messages_.first_alarm(), &three);
  messages_.clear_alarm(three);
  messages_.clear_alarm(three);
  EXPECT_EQ(messages_.first_alarm(), &one);
}

TEST(MessagesDeathTest, two_of_one_id_are_a_bug) {
  Messages messages;
  auto message = [] {
    spool::Envelope envelope;
    envelope.id = id_of(1);
    return std::make_unique<Message>(std::move(envelope));
  };
  messages.insert(message());
  EXPECT_DEATH(messages.insert(message()), "is_new");
}

}  // namespace
}  // namespace waypost::queue
