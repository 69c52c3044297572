#include "records/young_messages.h"

#include <utility>

#include "base/check.h"

namespace waypost::records {

YoungMessage::YoungMessage(int64_t number, const std::vector<std::string>& addresses,
                           std::string_view state, WallTime at)
    : number_(number) {
  CHECK(addresses.size() <= recipients_max);
  recipients_.reserve(addresses.size());
  for (const std::string& address : addresses) recipients_.push_back({address, state, at});
}

void YoungMessage::set_state(const std::string& address, const StateChange& change,
                             std::string_view open) {
  YoungRecipient* chosen = nullptr;
  for (YoungRecipient& each : recipients_) {
    if (each.address != address) continue;
    if (!chosen || (each.state == open && chosen->state != open)) chosen = &each;
  }
  if (change.only_after && (!chosen || chosen->state != change.only_after)) return;
  if (chosen && chosen->state == change.state) return;
  if (chosen) {
    chosen->state = change.state;
    chosen->at = change.at;
  } else {
    recipients_.push_back({address, change.state, change.at});
  }
}

void YoungMessages::add(const MessageId& id, YoungMessage message) {
  places_[id] = messages_.size();
  messages_.push_back(std::move(message));
}

YoungMessage* YoungMessages::find(const MessageId& id) {
  const auto place = places_.find(id);
  return place == places_.end() ? nullptr : &messages_[place->second];
}

void YoungMessages::clear() {
  messages_.clear();
  places_.clear();
}

}  // namespace waypost::records
