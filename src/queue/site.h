#pragma once

#include <map>
#include <string>

#include "io/timer.h"
#include "queue/item.h"
#include "queue/retry_policy.h"
#include "shaping/limits.h"
#include "shaping/pacer.h"

namespace waypost::queue {

// Who waits for one site, and what the site may get.
struct Site {
  Site(shaping::SiteTable::Match match, std::string the_service, io::TimerQueue& timers)
      : name(std::move(match.site)),
        rule(std::move(match.rule)),
        service(std::move(the_service)),
        limits(*match.limits),
        pacer(limits.messages_per_second.value),
        turns(limits.messages_per_second.value),
        timer(timers) {}

  // Connections that it may have now.
  unsigned slots() const { return health.connections(limits.connections.value); }
  // When the next attempt may start, as far as the site is concerned.
  Instant free_at() const { return std::max(health.shut_until(), pacer.next()); }
  // Nothing that it remembers matters any more.
  bool is_idle(Instant now) const {
    return recipients == 0 && sending == 0 && free_at() <= now && turns.next() <= now &&
           health.is_well(now);
  }

  std::string name;
  std::string rule;     // that sets its limits; empty: none
  std::string service;  // MailHost::service
  shaping::SiteLimits limits;
  shaping::Pacer pacer;  // of attempts that start
  shaping::Pacer turns;  // of messages that are named to them
  SiteHealth health;
  io::Timer timer;
  std::map<uint64_t, Item> ready;  // by order of coming
  uint64_t next_order = 0;
  size_t recipients = 0;  // unsettled ones that name it, wherever they are
  unsigned sending = 0;   // attempts
  bool pumping = false;
  bool filled = false;  // is to be pumped once all that came together stands here
};

}  // namespace waypost::queue
