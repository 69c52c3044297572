#include "queue/messages.h"

#include <iterator>

#include "base/check.h"

namespace waypost::queue {

Messages::~Messages() {
  by_alarm_.clear();
  by_id_.clear_and_dispose(std::default_delete<Message>());
}

Message& Messages::insert(std::unique_ptr<Message> message) {
  // Most are the newest of all.
  auto last = by_id_.empty() ? by_id_.end() : std::prev(by_id_.end());
  bool is_newest = last == by_id_.end() || last->id < message->id;
  if (is_newest) {
    by_id_.push_back(*message);
  } else {
    bool is_new = by_id_.insert(*message).second;
    CHECK(is_new);
  }
  return *message.release();
}

void Messages::erase(Message& message) {
  clear_alarm(message);
  by_id_.erase_and_dispose(by_id_.iterator_to(message), std::default_delete<Message>());
}

Message* Messages::find(const MessageId& id) const {
  auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &*found;
}

Message* Messages::first_after(const std::optional<MessageId>& id) const {
  auto first = id ? by_id_.upper_bound(*id) : by_id_.begin();
  return first == by_id_.end() ? nullptr : &*first;
}

void Messages::set_alarm(Message& message, Instant at) {
  clear_alarm(message);
  message.alarm_at = at;
  by_alarm_.insert(message);
}

void Messages::clear_alarm(Message& message) {
  if (message.among_alarms.is_linked()) by_alarm_.erase(by_alarm_.iterator_to(message));
}

Message* Messages::first_alarm() const { return by_alarm_.empty() ? nullptr : &*by_alarm_.begin(); }

}  // namespace waypost::queue
