#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "events/event.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "queue/asked_limit.h"
#include "queue/command.h"
#include "queue/courier.h"
#include "queue/item.h"
#include "queue/judge.h"
#include "queue/messages.h"
#include "queue/notifier.h"
#include "queue/pause.h"
#include "queue/retry_policy.h"
#include "queue/schedule.h"
#include "queue/site.h"
#include "queue/site_quotas.h"
#include "queue/site_view.h"
#include "queue/standing.h"
#include "queue/suppressor.h"
#include "shaping/limits.h"
#include "shaping/streams.h"
#include "spool/spool.h"

namespace waypost::queue {

struct Settings {
  shaping::SiteTable sites;
  RetrySchedule retry;
  // The age at which senders are told that it takes long; zero: never.
  Duration delay_notice_after = std::chrono::hours(4);
  shaping::StreamTable streams{};
};

// After a start every message has at least this long, whatever the wall clock says: time enough for
// one more attempt.
inline constexpr Duration restored_lives_min = std::chrono::minutes(15);

// Recipients that one turn of the loop goes through; sessions have theirs in between.
inline constexpr size_t woken_at_once_max = 1000;

// Which recipient is due, when, and what holds it: decides, and lets the courier carry.
// Every unsettled recipient is in exactly one place (item.h). Thread: the shard's loop.
class Queue {
 public:
  struct Dependencies {
    io::Loop& loop;
    spool::Spool& spool;
    events::Sink& events;
    Courier& courier;
    classify::Reader& replies;  // what outcomes mean
    Notifier& notifier;
    Suppressor* suppressor = nullptr;  // null: everybody may be written to
    // Resolves when no crash of the process loses the events of before; null: nobody waits for it.
    std::function<io::Task<void>()> events_kept = nullptr;
  };

  Queue(Dependencies dependencies, Settings settings);
  ~Queue();

  // A message that the spool holds: just accepted, or found at the start. One that is found is
  // tried once more even when its time is over: the clock may have jumped, or we were away.
  void add(spool::Envelope envelope);
  void restore(spool::StoredMessage message);

  // Starts no more attempts and suspends until those that run have ended and are recorded, or until
  // `deadline`; false when some still run then.
  io::Task<bool> stop(Instant deadline);

  // New limits and schedules, for what starts from now on.
  void reconfigure(Settings settings);

  size_t messages() const { return messages_.size(); }
  size_t unsettled_recipients() const { return ledger_.queued; }
  // accepted + restored = delivered + bounced + expired + suppressed + cancelled + queued, always.
  const Ledger& ledger() const { return ledger_; }

  // Calls `visit` for each recipient that waits, message by message in the order of acceptance
  // after `after`, until it returns false.
  void visit_standings(const std::function<bool(const Standing&)>& visit,
                       std::optional<MessageId> after = std::nullopt) const;
  // One message's recipients that wait; empty when it is not here.
  std::vector<Standing> standings(MessageId id) const;
  // Those with a deadline that still wait after half of their time.
  const std::set<MessageId>& running_out() const { return running_out_; }
  // Null when it is not here.
  std::shared_ptr<const spool::Envelope> envelope(MessageId id) const;

  // site_view.cc: every site that mail waits for or that is remembered, in no order; and how many
  // wait where. In proportion to the sites, not to the mail.
  void visit_sites(const std::function<void(const SiteView&)>& visit) const;
  // The same without what it costs to describe one: their names, the rules that name them ("" for
  // none), and how many wait.
  void visit_counts(const std::function<void(const SiteCounts&)>& visit) const;
  // How many recipients that have no site yet are where; those that were settled are counted on.
  const std::array<uint64_t, place_count>& unrouted() const { return unrouted_; }
  // None for one that is not known.
  std::optional<SiteView> site(const std::string& name) const;
  // Of so many recipients that wait, those accepted first: the rule of the site, "" for none, and
  // since when it waits, to the millisecond: since it was accepted, or since the time that somebody
  // asked for. Steps over at most 50,000 that wait for such a time or are settled.
  void visit_oldest(size_t recipients_max,
                    const std::function<void(std::string_view, WallTime)>& visit) const;
  // The rule that names a site that is known; "" for none.
  std::string_view rule_of(const std::string& site) const;
  PlaceCounts places() const;

  // What sites got over time, for whoever keeps it over restarts. It is restored before any mail
  // is.
  QuotaBook& quotas() { return quotas_; }

  // What a person does with what waits. Suspends until it and its events are written down; a long
  // queue is gone through in slices, so that mail goes on meanwhile. Fails as the spool does; what
  // was done before stays done.
  io::Task<Result<Tally>> act(Command command);

  // Replaces a pause of the same scope. Whoever calls keeps them over restarts.
  void pause(Pause pause);
  bool resume(const Scope& scope);
  const std::vector<Pause>& pauses() const { return pauses_; }

  // Replaces the limit that a person set for the same site before. Whoever calls keeps them over
  // restarts.
  void limit(AskedLimit limit);
  // Whether there was one.
  bool lift_limit(const std::string& site);
  // By the name of the site.
  const std::map<std::string, AskedLimit>& asked_limits() const { return asked_limits_; }

 private:
  // What an attempt, the age or a person made of one recipient; applied once the sender knows.
  struct Decision {
    Item item;
    events::Event event;
    bool settles = false;
    std::optional<NoticeKind> notice;
    bool condemns = false;  // the address is no good
  };
  // What is left of decisions once they are applied: only for the spool and the log.
  struct Record {
    std::shared_ptr<const spool::Envelope> envelope;
    bool done = false;
    std::vector<spool::RecipientChange> changes;
    std::vector<events::Event> events;
    spool::Durability durability = spool::Durability::bounded;
  };
  // A command under way.
  struct Doing {
    Command command;
    Tally tally;
    std::set<std::string> retried_sites;
    // Of the slice that is gone through.
    std::vector<Record> records;
    std::vector<Item> go;
    std::vector<Item> rescheduled;  // of the message that is gone through
  };
  struct ScheduledFirst {
    bool operator()(Item one, Item other) const {
      return std::pair(one.state().scheduled_at, one.state().order) <
             std::pair(other.state().scheduled_at, other.state().order);
    }
  };
  // Recipients of one message that end together: by outcomes, or since they are not to be written
  // to; neither: they are too old.
  struct Ending {
    std::vector<Item> items;
    std::vector<events::Outcome> outcomes;
    std::vector<Suppressed> suppressed;
  };
  // Work that may cost a notice on stable storage: done side by side, but not all at once.
  using Chore = std::function<io::Task<void>()>;
  struct DueFirst {
    bool operator()(Item one, Item other) const {
      return std::pair(one.state().due, one.state().order) <
             std::pair(other.state().due, other.state().order);
    }
  };
  // Of items that come to their sites together.
  struct Arrival {
    std::vector<Site*> filled;
    Ending too_old;
  };
  // queue.cc: coming, waiting, leaving
  Message& insert(spool::Envelope envelope);
  void hold_back(Message& message);
  void restore_recipient(Item item, const spool::RecipientProgress& progress);
  void pack(Message& message);
  void unpack(Message& message);
  void wait_until_due(Item item);
  void wake_due();
  std::vector<Item> set_out(Message& message);
  void rest(Item item);
  void take_out(Item item);
  void put(Item item, Place place);
  void enter_site(Item item, Site& site);
  void leave_site(Item item);
  void mark_settled(Item item, events::EventKind kind);
  void forget(Message& message);
  Instant to_instant(WallTime time) const;
  WallTime to_wall(Instant time) const;

  // sites.cc: where the mail goes, and when
  void find_sites(const std::vector<Item>& items);
  std::optional<Suppressed> suppression_of(Item item) const;
  bool ends_suppressed(Item item, Ending& ending);
  bool passes_over(Item front);
  io::Task<void> resolve(std::string domain);
  void make_ready(Item item, const shaping::MailHost& host, Arrival& arrival);
  uint16_t lane_of(Item item) const;
  void finish(Arrival arrival);
  Site& site_for(const std::string& domain, const shaping::MailHost& host);
  void give_limits(Site& site, const shaping::SiteLimits& configured);
  void pump(Site& site);
  std::optional<size_t> next_lane(Site& site, Instant now);
  Instant connection_free_at(const Site& site, Instant now) const;
  void rest_or_forget(Site& site);
  std::vector<Item> take_batch(Site& site, size_t lane);
  io::Task<void> attempt(Site& site, std::vector<Item> batch, bool urgent);
  io::Task<std::optional<std::string>> wait_turn(Site& site, bool urgent, Instant until,
                                                 QuotaPlace& place);
  io::Task<std::optional<std::string>> wait_another_turn(Site& site, bool urgent, Instant until);
  io::Task<bool> wait_for_pace(Site& site, bool urgent, Instant until);
  void await_turn(Site& site);
  void give_turn(Site& site);
  io::Task<std::optional<std::string>> wait_to_connect(Site& site, Instant until,
                                                       ConnectionNeed& need);

  // outcomes.cc: what attempts and age make of recipients
  io::Task<void> settle(std::vector<Item> items, std::vector<events::Outcome> outcomes);
  Decision judge(Item item, const events::Outcome& outcome);
  void defer(const RetryQuestion& question, Decision& decision);
  void note_health(Item item, const RetryQuestion& question);
  bool speaks_for(const Site& site, const std::string& domain, const std::string& host,
                  const RetryQuestion& question, SiteMeasure measure) const;
  io::Task<void> conclude(std::vector<Decision> decisions);
  io::Task<void> condemn(const std::vector<Decision>& decisions);
  Decision suppressed(Item item, Suppressed suppressed) const;
  io::Task<void> tell_sender(std::vector<Decision>& decisions);
  void postpone(Decision& decision);
  Record apply(std::vector<Decision>& decisions);
  io::Task<Result<void>> write(Record record);
  io::Task<void> write_logged(Record record);
  spool::RecipientProgress progress_of(Item item) const;
  void end_soon(Ending ending);
  io::Task<void> end(Ending ending);
  void end_with(Ending& neighbours, Item item);
  void do_soon(Chore chore);
  io::Task<void> do_chores();
  events::Event event_about(Item item, events::EventKind kind) const;
  std::string last_word_on(Item item) const;

  // alarms.cc: what comes with age
  void set_alarm(Message& message, Instant not_before = {});
  bool tells_delay(const Message& message) const;
  Instant delay_told_at(const Message& message, Instant now) const;
  Instant runs_out_at(const Message& message) const;
  void ring_alarms();
  void ring(Message& message, Instant now);
  void warn_of_deadline(Message& message);
  void expire(Message& message);
  void note_what_held(Item item) const;
  Decision expired(Item item) const;
  io::Task<void> tell_delay(MessageId id);
  Notice delay_notice(Message& message) const;
  void tell_delay_later(Message& message, const std::vector<uint32_t>& recipients);

  // scheduled.cc: what waits for a time that somebody asked for
  void take_schedule(Message& message);
  void restore_schedule(Item item, const spool::RecipientProgress& progress);
  void wait_for_schedule(Item item);
  void wake_scheduled();
  void watch_schedule();
  Instant instant_of(WallTime schedule) const;
  Duration lifetime_of(const Message& message) const;
  // Its envelope is given, since a message that waits has it packed.
  WallTime expires_at(const Message& message, const spool::Envelope& envelope) const;
  Instant restored_expiry(const Message& message) const;
  bool outlives_schedule(Message& message);
  void move_expiry(Message& message, Instant at);
  void reschedule(Item item, WallTime at, std::vector<Decision>& decisions, Doing& doing);
  void go_by_schedule(Message& message, Doing& doing);
  static WallTime latest_schedule(const Message& message);
  std::shared_ptr<const spool::Envelope> envelope_told_of(const Message& message) const;

  // commands.cc: what people do
  void act_on(Message& message, Doing& doing);
  void change(Item item, std::vector<Decision>& decisions, Doing& doing);
  void open_sites(const std::set<std::string>& names);
  Message* next_selected(const Selector& selector, const std::optional<MessageId>& after);
  io::Task<void> write_noting(Record record, Result<void>& written);
  const Pause* pause_of(Item item) const;
  io::Task<void> let_go();
  void end_pauses();
  void renew_limits(const std::string& name);
  void end_limits();

  // site_view.cc
  SiteView view_of(const Site& site) const;
  std::optional<Standing> first_waiting(const Site& site) const;
  std::optional<Item> first_deferred(const Site& site) const;

  // standings.cc: what waits, and why
  Standing standing_of(Item item) const;
  void add_pause(Item item, Standing& standing) const;
  void explain_ready(Item item, Standing& standing) const;
  void explain_pace(const Site& site, Item item, Standing& standing) const;
  void explain_slots(const Site& site, Item item, Standing& standing) const;
  void explain_shut(const Site& site, Standing& standing) const;
  static std::string trouble_of(const Site& site);
  bool explain_quota(const Site& site, Item item, Standing& standing) const;
  bool explain_connections(const Site& site, Standing& standing) const;

  Dependencies deps_;
  Settings settings_;
  Judge judge_;
  Ledger ledger_;

  Messages messages_;
  size_t whole_messages_ = 0;  // those that are not packed
  std::array<uint64_t, place_count> unrouted_{};
  QuotaBook quotas_;
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;
  std::unordered_map<std::string, std::map<uint64_t, Item>> resolving_;  // by domain
  std::set<Item, DueFirst> due_;
  std::set<Item, ScheduledFirst> scheduled_;
  std::map<uint64_t, Item> paused_;
  std::set<MessageId> running_out_;
  Instant restored_told_from_;  // messages that were found at the start are told of as late
  uint64_t next_order_ = 0;
  io::Timer due_timer_;
  io::Timer schedule_timer_;
  io::Timer alarm_timer_;
  io::Timer pause_timer_;
  std::vector<Pause> pauses_;
  io::Timer limit_timer_;
  std::map<std::string, AskedLimit> asked_limits_;
  std::deque<Chore> chores_;
  unsigned at_chores_ = 0;  // tasks that do them
  bool stopping_ = false;
  io::TaskGroup attempts_;
};

}  // namespace waypost::queue
