#include "tests/sim/lane_watch.h"

#include <fmt/format.h>

namespace waypost::sim {
namespace {

// Other mail has a turn between two of a larger share, and one more after a reload, which forgets
// whose turn it was.
constexpr unsigned passed_over_max = 2;

// Of those that are at their sites and have nobody's leave to wait for but the site's.
bool waits_for_its_turn(queue::Hold hold) {
  return hold == queue::Hold::slot || hold == queue::Hold::rate || hold == queue::Hold::site_shut;
}

}  // namespace

void LaneWatch::came(const spool::Envelope& envelope, Instant expires_at) {
  if (envelope.has_deadline) deadlines_[envelope.id] = expires_at;
}

Instant LaneWatch::deadline_of(const MessageId& id) const {
  auto found = deadlines_.find(id);
  return found == deadlines_.end() ? Instant::max() : found->second;
}

void LaneWatch::began_attempt(const queue::Assignment& assignment, const queue::Queue& queue) {
  const spool::Envelope& envelope = *assignment.envelope;
  const bool is_urgent = envelope.stream == watched_stream_;
  bool passes_over = false;
  queue.visit_standings([&](const queue::Standing& waiting) {
    const bool counts = waiting.site == assignment.site && waiting.id != envelope.id &&
                        waits_for_its_turn(waiting.hold);
    if (!counts) return true;
    const bool waits_urgently = waiting.stream == watched_stream_;
    passes_over |= waits_urgently && !is_urgent;
    if (waits_urgently == is_urgent && deadline_of(waiting.id) < deadline_of(envelope.id))
      breach_(fmt::format("message {} is sent to {} before {}, whose deadline is earlier",
                          envelope.id.text(), assignment.site, waiting.id.text()));
    return true;
  });
  unsigned& passed_over = passed_over_[assignment.site];
  passed_over = passes_over ? passed_over + 1 : 0;
  if (passed_over > passed_over_max)
    breach_(fmt::format("urgent mail for {} is passed over {} times in a row", assignment.site,
                        passed_over));
}

}  // namespace waypost::sim
