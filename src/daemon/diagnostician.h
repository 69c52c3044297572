#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/failing_sites.h"
#include "daemon/site_question.h"
#include "events/event.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "queue/standing.h"

namespace waypost::daemon {

// Hears what becomes of mail, has the doctor look at sites that it does not get to, one at a time,
// and says what was found: as an event, in the events of attempts that meet it, and where somebody
// asks why a message waits. Thread: the loop's.
class Diagnostician {
 public:
  struct Services {
    io::Loop& loop;
    // Where the doctor would have to look; none: it cannot.
    std::function<std::optional<SiteQuestion>(const events::Event&)> question;
    std::function<io::Task<std::optional<Diagnosis>>(SiteQuestion)> examine;
    std::function<void(events::Event)> tell;
  };
  explicit Diagnostician(Services services) : services_(std::move(services)) {}

  // Switched off, it forgets what it knew.
  void enable(bool enabled);

  // What an event of mail says of its site. The cause of one that met what was found says so from
  // here on: its rule is the finding, its remedy what to do about it.
  void hear(events::Event& event);

  // "M3021, the server's certificate has expired: ..."; empty for nothing.
  std::string of(const queue::Standing& standing) const;
  // For the health, which asks every few seconds.
  std::optional<std::string> trouble();

  // What all events pass on their way to `next`. Both outlive it, but for what it owns.
  std::unique_ptr<events::Sink> sink(std::unique_ptr<events::Sink> next);

 private:
  io::Task<void> look(SiteQuestion question, events::Event about);

  Services services_;
  bool enabled_ = true;
  bool looking_ = false;
  FailingSites sites_;
  io::TaskGroup looks_;
};

}  // namespace waypost::daemon
