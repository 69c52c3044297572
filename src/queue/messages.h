#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "queue/item.h"

namespace waypost::queue {

// Every message that has an unsettled recipient, in the order of acceptance, and by the time of its
// alarm. Owns them.
class Messages {
 public:
  Messages() = default;
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;
  ~Messages();

  // Of an id that is not here yet.
  Message& insert(std::unique_ptr<Message> message);
  void erase(Message& message);

  size_t size() const { return by_id_.size(); }
  // Null when it is not here.
  Message* find(const MessageId& id) const;
  // The first one accepted after that, or of all; null when there is none.
  Message* first_after(const std::optional<MessageId>& id) const;

  // Replaces the alarm that it had.
  void set_alarm(Message& message, Instant at);
  void clear_alarm(Message& message);
  // Whose alarm comes first; null when nobody has one.
  Message* first_alarm() const;

 private:
  struct IdOf {
    using type = MessageId;
    const type& operator()(const Message& message) const { return message.id; }
  };
  struct Earlier {
    bool operator()(const Message& one, const Message& other) const {
      return std::pair(one.alarm_at, one.id) < std::pair(other.alarm_at, other.id);
    }
  };
  template <Message::Hook Message::*hook>
  using In = boost::intrusive::member_hook<Message, Message::Hook, hook>;

  // Const hands out Message&, as a container of pointers does.
  mutable boost::intrusive::set<Message, In<&Message::among_ids>,
                                boost::intrusive::key_of_value<IdOf>>
      by_id_;
  mutable boost::intrusive::set<Message, In<&Message::among_alarms>,
                                boost::intrusive::compare<Earlier>>
      by_alarm_;
};

}  // namespace waypost::queue
