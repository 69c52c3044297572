#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

#include "io/completion.h"
#include "io/timer.h"
#include "queue/lanes.h"
#include "queue/retry_policy.h"
#include "queue/site_quotas.h"
#include "shaping/fair_turns.h"
#include "shaping/limits.h"
#include "shaping/pacer.h"
#include "shaping/streams.h"

namespace waypost::queue {

// Of one attempt: it is without a connection, and will need one.
class ConnectionNeed {
 public:
  // `count` is of all attempts that need one.
  explicit ConnectionNeed(unsigned& count) : count_(count) { arise(); }
  ConnectionNeed(const ConnectionNeed&) = delete;
  ConnectionNeed& operator=(const ConnectionNeed&) = delete;
  ~ConnectionNeed() { end(); }

  void arise() {
    if (!std::exchange(is_there_, true)) ++count_;
  }
  void end() {
    if (std::exchange(is_there_, false)) --count_;
  }

 private:
  unsigned& count_;
  bool is_there_ = false;
};

// An attempt that waits to name its message.
struct TurnWaiter {
  io::Completion<bool>* turn;  // false: `until` came before it
  Instant until;
};

// The first of those that are deferred, as far as it is known.
struct FirstDue {
  MessageId id;
  uint32_t recipient = 0;
  Instant due;
};

// Who waits for one site, and what the site may get.
struct Site {
  // The streams must outlive it.
  Site(shaping::SiteTable::Match match, std::string the_service,
       const shaping::StreamTable& the_streams, io::TimerQueue& timers)
      : name(std::move(match.site)),
        rule(std::move(match.rule)),
        service(std::move(the_service)),
        streams(the_streams),
        pacer(0),
        common_pacer(0),
        turns(0),
        timer(timers),
        ready(0),
        fair_turns({}),
        turn_timer(timers) {
    reset_lanes();
  }

  // After a change of the streams. Nobody must wait in the lanes.
  void reset_lanes();
  // First of all, and after each change of the limits or of the streams. Whoever waits stays.
  void set_limits(shaping::SiteLimits new_limits, Instant now);

  // Connections that it may have now; and of these, those that mail may have for which nothing is
  // kept free.
  unsigned slots() const { return health.connections(limits.connections.value); }
  unsigned common_slots() const { return slots() - streams.kept_slots(slots()); }
  bool has_slot(size_t lane) const {
    return sending < slots() && (streams.is_urgent(lane) || sending_common < common_slots());
  }
  // Health's, but slow as well for as long as it gets fewer connections than its limits allow.
  SiteMeasure measure() const;
  // HOST:PORT of the next hop that it is, or the domain that mail last went there for; empty before
  // the first attempt. A program that is given it goes the way of this mail.
  std::string doctor_target() const;
  // When the next attempt of this lane may start, as far as the site is concerned.
  Instant free_at(size_t lane, Instant now) const;
  // What keeps back a message behind `ahead` others. Of quotas, too, a part is kept free for urgent
  // ones. Only with quotas.
  SiteQuotas::Shortage shortage(bool urgent, Instant now, uint64_t ahead) const;
  // That, in words to put behind a limit.
  std::string kept_free_text(bool urgent) const;
  // Nothing that it remembers of the pace matters from then on; quotas are remembered elsewhere.
  Instant at_rest_at() const {
    return std::max({health.shut_until(), pacer.next(), common_pacer.next(), turns.next()});
  }
  // An attempt of this lane starts; and ends.
  void begin(size_t lane, Instant now);
  void end(bool urgent);

  std::string name;
  std::string rule;     // that sets its limits; empty: none
  std::string service;  // MailHost::service
  shaping::SiteLimits limits;
  const shaping::StreamTable& streams;
  shaping::Pacer pacer;                // of attempts that start
  shaping::Pacer common_pacer;         // of those among them for which nothing is kept free
  shaping::Pacer turns;                // of messages that are named to them
  std::shared_ptr<SiteQuotas> quotas;  // null: none; else the queue's book has it, too
  SiteHealth health;
  std::string last_host;    // that mail was tried at, or answered for; empty before the first
  std::string last_domain;  // whose mail that was
  FirstDue first_due;
  io::Timer timer;
  Lanes ready;
  shaping::FairTurns fair_turns;  // of the lanes
  // Attempts that wait for a turn to name their message: urgent ones, and the others.
  std::deque<TurnWaiter> urgent_waiting;
  std::deque<TurnWaiter> waiting;
  io::Timer turn_timer;
  size_t recipients = 0;                       // unsettled ones that name it, wherever they are
  std::array<uint64_t, place_count> places{};  // how many of them are where
  unsigned sending = 0;                        // attempts
  unsigned unconnected = 0;                    // of these, those that need a connection
  unsigned sending_common = 0;                 // of these, those for which nothing is kept free
  bool pumping = false;
  bool filled = false;  // is to be pumped once all that came together stands here
};

}  // namespace waypost::queue
