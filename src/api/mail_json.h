#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "classify/classifier.h"
#include "events/event.h"
#include "queue/standing.h"
#include "records/search.h"

// What became of a message, for programs. Pure.
namespace waypost::api {

// One of: queued, throttled, deferred, held, delivered, bounced, expired, suppressed, cancelled,
// rejected, unknown. `throttled` is what we hold back ourselves, `deferred` what they put off.
struct RecipientState {
  std::string address;
  std::string_view status = "queued";
  const events::Event* last = nullptr;        // of an attempt, or of how it ended
  const queue::Standing* standing = nullptr;  // while it waits
  WallTime told_at = {};                      // of its newest event
  bool is_settled = false;
  bool is_late = false;  // bounced after their server had taken it
  bool has_complained = false;
};

// By the events of a message, oldest first; by what the records know of its recipients, where these
// are not all events; and by those of them that wait. All outlive the result. Whoever does not wait
// and was last told of before the relay's run began, with no end, is `unknown`: the end was lost.
std::vector<RecipientState> recipient_states(const std::vector<events::Event>& events,
                                             const std::vector<records::FoundRecipient>& recorded,
                                             const std::vector<queue::Standing>& waiting,
                                             WallTime run_began = {});

bool has_unknown(const std::vector<RecipientState>& recipients);

// Of a message whose recipients stand differently: what is least settled.
std::string_view status_of(const std::vector<RecipientState>& recipients);

// Without its timeline; `replies` makes a diagnosis of what they said, null for none.
boost::json::object email_json(const std::vector<events::Event>& events,
                               const std::vector<records::FoundRecipient>& recorded,
                               const std::vector<queue::Standing>& waiting,
                               classify::Reader* replies, WallTime run_began = {});

// As docs/format/events.md has it.
boost::json::value event_json(const events::Event& event);

}  // namespace waypost::api
