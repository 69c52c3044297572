#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/time.h"
#include "tests/sim/ledger.h"

// What must hold in every run, whatever the network, the disk and the peers did. Each check adds a
// sentence for each breach.
namespace waypost::sim {

using Breaches = std::vector<std::string>;

// A recipient that the server under test still has to deliver to.
struct Queued {
  MessageId message;
  std::string recipient;
  WallTime next_attempt_at;
  bool has_deadline = false;
};

// What the server under test was told to keep to at one site.
struct SiteLimit {
  size_t connections_max = SIZE_MAX;
  double messages_per_second = 0;  // 0 is no limit
  double burst = 1;
  unsigned connections_per_minute = 0;  // likewise
  unsigned messages_per_hour = 0;
  unsigned messages_per_day = 0;
  // What a kill may make it forget: what it counted in the moments before.
  Duration unsaved = std::chrono::seconds(0);
  // By how much arrivals may bunch up on the way: latency, and what faults delay.
  Duration jitter = std::chrono::seconds(1);
};

// An acknowledged message has its accepted event; each recipient of an accepted message is settled
// once or still queued, never neither and never both, but for what a power cut made it forget;
// delivered means that a server answered 250, bounced that one refused for good.
void check_nothing_lost(const Ledger& ledger, const std::vector<Queued>& queued, Breaches& out);

// What arrives was sent to the end and not refused, for that recipient, and is unchanged. A message
// whose commit failed (4yz to the dot) may reappear after a kill.
void check_arrivals(const Ledger& ledger, Breaches& out);

// A recipient gets a message twice only if the 250 cannot have been read, or if a kill came
// between: each excuses one transaction for each connection open then, and a power cut what was
// answered in the last moments before it.
void check_duplicates(const Ledger& ledger, Breaches& out);

// Connections at once, new ones a minute, messages a second, an hour and a day, by site. Each kill
// allows a new burst, and what was counted just before it does not count.
void check_limits(const Ledger& ledger, const std::map<std::string, SiteLimit>& limits,
                  Breaches& out);

// Who bounced or expired was told about to the sender that the accepted event names, once; more
// often only when a kill came between. Never to the null sender, never of what was delivered or
// cancelled without a kill. A delay is told once, but for kills. What senders read says the same.
void check_notices(const Ledger& ledger, Breaches& out);

// Nothing that is due waits for longer than `patience`. For moments without faults or full sites.
void check_not_forgotten(const std::vector<Queued>& queued, WallTime now, Duration patience,
                         Breaches& out);

// Nothing is left, some time after everything was healed.
void check_drained(const std::vector<Queued>& queued, Breaches& out);

}  // namespace waypost::sim
