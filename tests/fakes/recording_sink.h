#pragma once

#include <utility>
#include <vector>

#include "events/event.h"

namespace waypost::fakes {

class RecordingSink final : public events::Sink {
 public:
  void emit(events::Event event) override { events.push_back(std::move(event)); }
  std::vector<events::Event> events;
};

}  // namespace waypost::fakes
