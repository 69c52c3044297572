#pragma once

#include <optional>
#include <string>

#include "base/time.h"
#include "classify/reply_class.h"
#include "queue/schedule.h"
#include "smtp/attempt_phase.h"
#include "smtp/reply.h"

// How what a reply means shapes the next attempt. docs/operate/retries.md is this for operators.
// Pure: times and chance come from the caller.
namespace waypost::queue {

// What a reply asks of all mail for the site, not only of the recipient that it was about.
enum class SiteMeasure {
  none,
  probe,  // it cannot be reached: shut for minutes at most, then one message probes it
  slow,   // it wants less at a time: shut for a moment, then fewer connections for a while
  stop,   // it refuses us, whatever the message: shut for long, then one message probes it
};

struct RetryQuestion {
  classify::ReplyClass reply_class = classify::ReplyClass::unknown;
  smtp::AttemptPhase phase = smtp::AttemptPhase::resolve;
  std::optional<smtp::EnhancedCode> enhanced;
  bool deferred = true;           // it is tried again; else it bounced
  bool concerns_site = false;     // delivery says so: the site was not reached at all
  std::optional<Duration> named;  // the wait that they asked for
};

// The wait of a recipient after its `attempts`-th attempt (1 or more). A named wait is kept, and a
// class may lengthen the wait, both up to the schedule's longest one.
Duration retry_wait(const RetrySchedule& schedule, const RetryQuestion& question, unsigned attempts,
                    double uniform);

// The attempt ended before it met anybody of the site: nothing was heard of it, good or bad.
bool met_nobody(smtp::AttemptPhase phase);
// The same for a message with a deadline, `left` from now: short enough for several attempts before
// it. A named wait is kept where it ends in time.
Duration retry_wait_before(const RetrySchedule& schedule, const RetryQuestion& question,
                           unsigned attempts, double uniform, Duration left);

SiteMeasure site_measure(const RetryQuestion& question);

// What was said, or what happened instead; by which host, and what it means.
struct SiteTrouble {
  std::string text;
  std::string host = {};
  classify::ReplyClass reply_class = classify::ReplyClass::unknown;
};

// How one site takes our mail, and what it gets meanwhile.
class SiteHealth {
 public:
  // Attempts that ran side by side and failed together count once.
  void complain(SiteMeasure measure, SiteTrouble trouble, std::optional<Duration> named,
                const RetrySchedule& schedule, Instant now, double uniform);
  // An attempt met no trouble of the site's.
  void please(Instant now);
  // A person wants it tried now.
  void open();

  SiteMeasure measure() const { return measure_; }  // none when all is well
  unsigned troubles() const { return troubles_; }   // in a row
  const SiteTrouble& last_trouble() const { return last_trouble_; }
  Instant shut_until() const { return shut_until_; }
  // From when on it gets fewer connections than its limits allow, because of which words; empty and
  // of no meaning while it gets them all.
  Instant slowed_since() const { return slowed_since_; }
  const std::string& slowed_by() const { return slowed_by_; }
  // How many connections it may have now, of those that its limits allow; at least one.
  unsigned connections(unsigned allowed) const;
  // Nothing is remembered that would change the next attempt.
  bool is_well(Instant now) const { return troubles_ == 0 && fewer_ == 0 && shut_until_ <= now; }

 private:
  void slow_down(Instant now);
  Duration pause(SiteMeasure measure, std::optional<Duration> named, const RetrySchedule& schedule,
                 double uniform) const;

  SiteMeasure measure_ = SiteMeasure::none;
  unsigned troubles_ = 0;
  SiteTrouble last_trouble_;
  Instant shut_until_;
  unsigned fewer_ = 0;  // how many times the connections were halved, less what was given back
  Instant changed_at_;
  Instant slowed_since_;
  std::string slowed_by_;
};

}  // namespace waypost::queue
