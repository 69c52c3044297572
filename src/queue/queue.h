#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <unordered_map>
#include <vector>

#include "events/event.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "queue/courier.h"
#include "queue/judge.h"
#include "queue/schedule.h"
#include "queue/standing.h"
#include "shaping/limits.h"
#include "shaping/pacer.h"
#include "spool/spool.h"

namespace waypost::queue {

// Which recipient is due, when, and what holds it: decides, and lets the courier carry.
// Every unsettled recipient is in exactly one place: being resolved, ready at its site, being sent,
// or deferred until a time. Thread: the shard's loop.
class Queue {
 public:
  struct Dependencies {
    io::Loop& loop;
    spool::Spool& spool;
    events::Sink& events;
    Courier& courier;
    classify::Reader& replies;  // what outcomes mean
  };

  Queue(Dependencies dependencies, shaping::SiteTable sites, RetrySchedule retry);
  ~Queue();

  // A message that the spool holds: just accepted, or found at the start.
  void add(spool::Envelope envelope);
  void restore(spool::StoredMessage message);

  // Other limits and another schedule, for every attempt to come: what stands at a site finds its
  // site anew, and what is deferred keeps the time that it was given.
  void reconfigure(shaping::SiteTable sites, RetrySchedule retry);

  // Starts no more attempts and suspends until those that run have ended and are recorded, or until
  // `deadline`; false when some still run then.
  io::Task<bool> stop(Instant deadline);

  size_t messages() const { return messages_.size(); }
  size_t unsettled_recipients() const { return unsettled_; }

  // Calls `visit` for each recipient that waits, in no particular order, until it returns false.
  void visit_standings(const std::function<bool(const Standing&)>& visit) const;
  // One message's recipients that wait; empty when it is not here.
  std::vector<Standing> standings(MessageId id) const;

 private:
  enum class Place { resolving, ready, sending, deferred, settled };
  struct Site;
  struct RecipientState {
    Place place = Place::resolving;
    uint32_t attempts = 0;
    Instant due;
    Site* site = nullptr;  // once it is known; sites are never removed while they hold mail
    std::string last_reply;
    std::string last_host;
  };
  struct Message {
    std::shared_ptr<const spool::Envelope> envelope;
    Instant expires_at;
    uint32_t unsettled = 0;
    std::vector<RecipientState> recipients;
  };
  // Valid while the recipient is unsettled, since that keeps the message.
  struct Item {
    Message* message;
    uint32_t recipient;
    RecipientState& state() const { return message->recipients[recipient]; }
    const std::string& domain() const { return message->envelope->recipients[recipient].domain; }
  };
  struct Site {
    Site(shaping::SiteTable::Match match, io::TimerQueue& timers)
        : name(std::move(match.site)),
          limits(match.limits),
          pacer(limits->messages_per_second.value),
          turns(limits->messages_per_second.value),
          timer(timers) {}

    std::string name;
    std::string domain;  // of the mail that it was first seen with, to find its limits again
    std::string mail_host;
    const shaping::SiteLimits* limits;
    shaping::Pacer pacer;  // of attempts that start
    shaping::Pacer turns;  // of messages that are named to them
    io::Timer timer;
    std::deque<Item> ready;
    unsigned sending = 0;
    // After failures to reach it the site is shut for a while, then probed by a single attempt.
    unsigned failures = 0;
    Instant shut_until;
    std::string last_failure;
    bool pumping = false;
    bool filled = false;  // is to be pumped once all that came together stands here
  };
  struct Due {
    Instant at;
    Item item;
    bool operator>(const Due& other) const { return at > other.at; }
  };
  // What an attempt has come to, until it is on disk.
  struct Record {
    std::vector<spool::RecipientChange> changes;
    std::vector<events::Event> events;
    std::vector<Item> retries;
  };

  Message& insert(spool::Envelope envelope);
  void find_sites(const std::vector<Item>& items);
  io::Task<void> resolve(std::string domain);
  void make_ready(Item item, const std::string& mail_host, std::vector<Site*>& filled);
  Site& site_for(const std::string& domain, const std::string& mail_host);

  void pump(Site& site);
  bool may_send_now(Site& site, Instant now);
  std::vector<Item> take_batch(Site& site);
  io::Task<void> attempt(Site& site, std::vector<Item> batch);
  io::Task<void> wait_turn(Site& site);
  io::Task<void> finish(Site& site, std::vector<Item> batch, std::vector<events::Outcome> outcomes);
  void note_reachability(Site& site, const std::vector<events::Outcome>& outcomes);

  void judge(Item item, const events::Outcome& outcome, Record& record);
  void defer(Item item, const events::Outcome& outcome, Judgement judgement, Record& record);
  io::Task<void> settle(std::vector<Item> items, std::vector<events::Outcome> outcomes);
  io::Task<void> write(std::shared_ptr<const spool::Envelope> envelope, bool done, Record record);
  void expire(Item item);

  void wait_until_due(Item item);
  void wake_due();

  events::Event event_about(Item item, events::EventKind kind) const;
  Standing standing_of(Item item) const;
  void explain_ready(const Site& site, Standing& standing) const;
  Instant to_instant(WallTime time) const;
  WallTime to_wall(Instant time) const;

  Dependencies deps_;
  shaping::SiteTable site_table_;
  RetrySchedule retry_;
  Judge judge_;

  std::unordered_map<MessageId, std::unique_ptr<Message>> messages_;
  std::unordered_map<std::string, std::unique_ptr<Site>> sites_;
  std::unordered_map<std::string, std::vector<Item>> resolving_;  // by domain
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  io::Timer due_timer_;
  size_t unsettled_ = 0;
  bool stopping_ = false;
  io::TaskGroup attempts_;
};

}  // namespace waypost::queue
