#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "events/event.h"
#include "io/loop.h"
#include "queue/command.h"
#include "queue/courier.h"
#include "queue/notifier.h"
#include "shaping/limits.h"
#include "shaping/streams.h"
#include "spool/spool.h"

// Bugs to plant at the seams of the relay, so that the simulator can prove that it would find them.
// The relay's own code is never changed for it.
namespace waypost::sim {

enum class Mutation {
  none,
  acknowledge_before_sync,  // the 250 does not wait for the disk
  forget_commit,            // now and then a commit stores nothing
  forget_outcome,           // now and then what an attempt came to is not written
  forget_retry,             // now and then an attempt never ends, so nobody tries again
  deliver_twice,            // now and then a delivered message is sent once more
  bounce_delivered,         // now and then a delivery is reported as a bounce
  damage_content,           // now and then an octet of a chunk is changed
  exceed_connections,       // the site's limit of connections is taken for twice as much
  exceed_rate,              // the site's messages a second are not limited
  exceed_quota,             // nor its messages an hour and a day
  exceed_new_connections,   // nor its new connections a minute
  forget_quota,             // a start does not know what sites got before it
  drop_event,               // now and then an outcome is not reported
  forget_notice,            // now and then a sender is not told
  repeat_notice,            // now and then a sender is told twice
  answer_nobody,            // the null sender is told, too
  forget_hold,              // what a person holds back is not written down
  forget_cancel,            // what a person cancels is not written down
  forget_schedule,          // nor the time that a person names
  forget_pause,             // a start does not know of pauses
  forget_expiry,            // mail lives on after its time
  ignore_streams,           // urgent mail has no lane of its own
  ignore_deadlines,         // a message does not say that it has one
  forget_suppressions,      // a start does not know who is not to be written to
  miscount,                 // now and then a message that came is not counted
};

std::string_view name(Mutation mutation);
std::optional<Mutation> parse_mutation(std::string_view name);
std::vector<std::string> mutation_names();

// Each takes the real thing, which must outlive it, and behaves like it but for its own mutations.
// `cancelling`: what is written just now is what a person cancelled.
std::unique_ptr<spool::Spool> mutate(spool::Spool& spool, Mutation mutation, io::Rng& rng,
                                     const bool& cancelling);
std::unique_ptr<queue::Courier> mutate(queue::Courier& courier, Mutation mutation, io::Loop& loop);
std::unique_ptr<queue::Notifier> mutate(queue::Notifier& notifier, Mutation mutation, io::Rng& rng);
spool::Envelope mutate(spool::Envelope envelope, Mutation mutation);
queue::Ledger mutate(queue::Ledger ledger, Mutation mutation);
std::unique_ptr<events::Sink> mutate(events::Sink& sink, Mutation mutation, io::Rng& rng);
shaping::SiteLimits mutate(shaping::SiteLimits limits, Mutation mutation);
shaping::StreamTable mutate(shaping::StreamTable streams, Mutation mutation);

}  // namespace waypost::sim
