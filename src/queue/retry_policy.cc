#include "queue/retry_policy.h"

#include <algorithm>
#include <array>
#include <utility>

namespace waypost::queue {
namespace {

using namespace std::chrono_literals;
using classify::ReplyClass;
using smtp::AttemptPhase;

// What is true of a class, beside the schedule that all share.
struct ClassPolicy {
  ReplyClass reply_class;
  Duration wait_min;  // of the first attempts
  unsigned attempts;  // for how many of them
  SiteMeasure measure;
};

constexpr unsigned always = UINT32_MAX;

// clang-format off
constexpr std::array policies{
    // Greylisting lets the same message pass after some minutes; sooner is too soon.
    ClassPolicy{ReplyClass::greylisted,           5min, 2,      SiteMeasure::none},
    // Nobody empties a mailbox within minutes.
    ClassPolicy{ReplyClass::mailbox_full,         1h,   always, SiteMeasure::none},
    ClassPolicy{ReplyClass::recipient_disabled,   1h,   always, SiteMeasure::none},
    ClassPolicy{ReplyClass::rate_limited,         0s,   0,      SiteMeasure::slow},
    ClassPolicy{ReplyClass::too_many_connections, 0s,   0,      SiteMeasure::slow},
    // The address that we send from is refused: every further attempt makes it worse.
    ClassPolicy{ReplyClass::blocklisted_ip,       10min, 1,     SiteMeasure::stop},
    ClassPolicy{ReplyClass::poor_reputation,      10min, 1,     SiteMeasure::stop},
    // A relay that does not take our login takes no mail until a person mends it.
    ClassPolicy{ReplyClass::auth_failed,          0s,   0,      SiteMeasure::stop},
    ClassPolicy{ReplyClass::auth_required,        0s,   0,      SiteMeasure::stop},
};
// clang-format on

constexpr ClassPolicy by_schedule{ReplyClass::unknown, 0s, 0, SiteMeasure::none};

const ClassPolicy& policy_of(ReplyClass reply_class) {
  auto found = std::find_if(policies.begin(), policies.end(), [&](const ClassPolicy& policy) {
    return policy.reply_class == reply_class;
  });
  return found == policies.end() ? by_schedule : *found;
}

// A dead site is probed at least this often, however long single messages wait.
constexpr Duration probe_pause_max = 5min;
constexpr Duration slow_pause_max = 10min;
constexpr Duration stop_pause_min = 10min;
constexpr Duration gives_back_every = 1min;
constexpr unsigned halvings_max = 16;

// A wait takes at most a third of what is left before a deadline, but some seconds at the end.
constexpr int waits_before_deadline = 3;
constexpr Duration deadline_wait_min = 10s;

// x.2.z is about one mailbox (RFC 3463 §3.3): a person who gets too much, not a site.
bool is_about_a_mailbox(const RetryQuestion& question) {
  return question.enhanced && question.enhanced->subject == 2;
}

}  // namespace

Duration retry_wait(const RetrySchedule& schedule, const RetryQuestion& question, unsigned attempts,
                    double uniform) {
  Duration wait = schedule.delay(attempts, uniform);
  const ClassPolicy& policy = policy_of(question.reply_class);
  if (attempts <= policy.attempts)
    wait = std::max(wait, std::min(policy.wait_min, schedule.longest));
  // Whoever names a time knows better, but may not hold mail for longer than our longest delay.
  if (question.named) wait = std::max(wait, std::min(*question.named, schedule.longest));
  return wait;
}

bool met_nobody(AttemptPhase phase) { return phase <= AttemptPhase::egress; }

Duration retry_wait_before(const RetrySchedule& schedule, const RetryQuestion& question,
                           unsigned attempts, double uniform, Duration left) {
  const Duration most =
      std::max(left / waits_before_deadline, std::min(schedule.first, deadline_wait_min));
  const double spread = 1 - schedule.jitter * uniform;
  const Duration wait = std::min(retry_wait(schedule, question, attempts, uniform),
                                 Duration(static_cast<int64_t>(double(most.count()) * spread)));
  const bool ends_in_time = question.named && *question.named < left;
  return ends_in_time ? std::max(wait, std::min(*question.named, schedule.longest)) : wait;
}

SiteMeasure site_measure(const RetryQuestion& question) {
  SiteMeasure measure = policy_of(question.reply_class).measure;
  // Nobody of the site has said anything.
  if (met_nobody(question.phase)) measure = SiteMeasure::none;
  // What is said before the first recipient is said to all mail; later a 5yz may be about this one
  // message.
  bool said_to_all = question.deferred || question.phase <= AttemptPhase::mail;
  if (measure != SiteMeasure::none && said_to_all && !is_about_a_mailbox(question)) return measure;
  return question.concerns_site ? SiteMeasure::probe : SiteMeasure::none;
}

void SiteHealth::complain(SiteMeasure measure, SiteTrouble trouble, std::optional<Duration> named,
                          const RetrySchedule& schedule, Instant now, double uniform) {
  if (now < shut_until_) return;
  ++troubles_;
  measure_ = measure;
  last_trouble_ = std::move(trouble);
  shut_until_ = now + pause(measure, named, schedule, uniform);
  changed_at_ = shut_until_;
  if (measure == SiteMeasure::slow) slow_down(now);
}

void SiteHealth::slow_down(Instant now) {
  if (fewer_ == 0) slowed_since_ = now;
  slowed_by_ = last_trouble_.text;
  fewer_ = std::min(fewer_ + 1, halvings_max);
}

Duration SiteHealth::pause(SiteMeasure measure, std::optional<Duration> named,
                           const RetrySchedule& schedule, double uniform) const {
  Duration grown = schedule.delay(troubles_, uniform);
  if (measure == SiteMeasure::stop) grown = std::max(grown, stop_pause_min);
  if (measure == SiteMeasure::slow) grown = std::min(grown, slow_pause_max);
  if (named) grown = std::max(grown, *named);
  grown = std::min(grown, schedule.longest);
  return measure == SiteMeasure::probe ? std::min(grown, probe_pause_max) : grown;
}

void SiteHealth::please(Instant now) {
  // Those that were under way when the others were refused change nothing.
  bool asked_for = measure_ == SiteMeasure::slow || measure_ == SiteMeasure::stop;
  if (asked_for && now < shut_until_) return;
  troubles_ = 0;
  measure_ = SiteMeasure::none;
  shut_until_ = {};
  if (fewer_ == 0 || now - changed_at_ < gives_back_every) return;
  --fewer_;
  changed_at_ = now;
  if (fewer_ == 0) slowed_by_.clear();
}

void SiteHealth::open() { *this = SiteHealth(); }

unsigned SiteHealth::connections(unsigned allowed) const {
  bool probing = measure_ == SiteMeasure::probe || measure_ == SiteMeasure::stop;
  if (probing) return 1;
  return std::max(allowed >> fewer_, 1u);
}

}  // namespace waypost::queue
