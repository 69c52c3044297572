#pragma once

#include <deque>
#include <map>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/shipped_rules.h"
#include "io/sim_world.h"
#include "queue/queue.h"
#include "spool/batch_store.h"
#include "spool/memory_store.h"
#include "tests/fakes/recording_sink.h"

// A queue in a simulated world, with a courier and a notifier that do as they are told.
namespace waypost::queue {

using namespace std::chrono_literals;
using events::EventKind;
using events::Outcome;
using events::Verdict;

inline Outcome outcome(Verdict verdict, std::string reason, bool concerns_site = false) {
  Outcome made;
  made.verdict = verdict;
  made.reason = std::move(reason);
  made.concerns_site = concerns_site;
  return made;
}

// Answers as it was told, or delivers; remembers what it was asked.
class FakeCourier final : public Courier {
 public:
  explicit FakeCourier(io::Loop& loop) : loop_(loop) {}

  std::optional<shaping::MailHost> known_mail_host(const std::string&) override {
    return std::nullopt;
  }
  io::Task<tl::expected<shaping::MailHost, Outcome>> find_mail_host(std::string domain) override {
    co_await io::sleep_until(loop_, loop_.now() + 10ms);
    if (no_route) co_return tl::unexpected(*no_route);
    co_return shaping::MailHost{host.empty() ? "mx." + domain : host, services[domain]};
  }
  unsigned idle_connections(const std::string&) const override { return idle; }
  io::Task<void> attempt(Assignment assignment) override {
    if (idle > 0) {
      --idle;
    } else {
      if (looks_up_in > 0ms) co_await io::sleep_until(loop_, loop_.now() + looks_up_in);
      for (unsigned tried = 0; assignment.connecting && tried < (connects_twice ? 2 : 1); ++tried) {
        auto why_not = co_await assignment.connecting();
        if (why_not) co_return co_await give_up(std::move(assignment), *why_not);
        connections.push_back(loop_.now());
      }
      if (connects_in > 0ms) co_await io::sleep_until(loop_, loop_.now() + connects_in);
    }
    co_await carry(std::move(assignment));
    if (keeps) ++idle;
  }
  io::Task<void> carry(Assignment assignment) {
    if (unreachable) co_return co_await give_up(std::move(assignment), "451 later");
    for (unsigned named = 0; named < (names_twice ? 2 : 1); ++named) {
      auto why_not = co_await assignment.turn();
      if (why_not) co_return co_await give_up(std::move(assignment), *why_not);
    }
    started.push_back(loop_.now());
    streams.push_back(assignment.envelope->stream);
    first_recipients.push_back(assignment.envelope->recipients[assignment.recipients[0]].text());
    recipients.push_back(assignment.recipients.size());
    open_peak = std::max(open_peak, ++open);
    co_await io::sleep_until(loop_, loop_.now() + takes);
    --open;
    Outcome answer = outcome(Verdict::delivered, "250 ok");
    if (!answers.empty()) {
      answer = answers.front();
      answers.pop_front();
    }
    std::vector<Outcome> outcomes(assignment.recipients.size(), answer);
    co_await assignment.settle(std::move(outcomes));
  }

  io::Task<void> give_up(Assignment assignment, std::string reason) {
    Outcome answer = outcome(Verdict::deferred, std::move(reason));
    std::vector<Outcome> outcomes(assignment.recipients.size(), answer);
    co_await assignment.settle(std::move(outcomes));
  }

  bool unreachable = false;     // attempts end before their turn
  bool connects_twice = false;  // the first address was none to go to
  bool names_twice = false;     // each message: the connection was gone at the first time
  bool keeps = false;           // connections, for the next attempt
  unsigned idle = 0;
  std::vector<Instant> connections;  // opened, of those that had to ask
  std::optional<Outcome> no_route;
  std::string host;                             // of all domains; empty: each has its own
  std::map<std::string, std::string> services;  // MailHost::service by domain
  std::deque<Outcome> answers;
  Duration looks_up_in = 0ms;  // before it connects
  Duration connects_in = 0ms;
  Duration takes = 1s;
  std::vector<Instant> started;
  std::vector<size_t> recipients;
  std::vector<std::string> streams;           // of each attempt that started
  std::vector<std::string> first_recipients;  // likewise
  unsigned open = 0;
  unsigned open_peak = 0;

 private:
  io::Loop& loop_;
};

// Remembers what it was to tell; can be told to fail.
class FakeNotifier final : public Notifier {
 public:
  explicit FakeNotifier(io::Loop& loop) : loop_(loop) {}
  io::Task<Result<void>> notify(Notice notice) override {
    co_await io::sleep_until(loop_, loop_.now() + takes);
    if (failures > 0) {
      --failures;
      co_return failure(ErrorCode::resource_exhausted, "the disk is full");
    }
    notices.push_back(std::move(notice));
    co_return Result<void>();
  }
  std::vector<Notice> notices;
  unsigned failures = 0;
  Duration takes = 5ms;

 private:
  io::Loop& loop_;
};

struct QueueTest : testing::Test {
  QueueTest() {
    limits.connections.value = 2;
    make();
  }
  // Whatever became of the mail, each site knows how much of its own is where.
  void TearDown() override {
    if (!queue) return;
    queue->visit_counts([&](const SiteCounts& site) {
      EXPECT_EQ(std::accumulate(site.places.begin(), site.places.end(), uint64_t(0)),
                site.recipients)
          << site.name;
      EXPECT_EQ(site.places[size_t(Place::settled)], 0u) << site.name;
      EXPECT_EQ(site.places[size_t(Place::ready)], queue->site(std::string(site.name))->ready);
    });
  }
  void make() {
    queue.reset();
    queue = std::make_unique<Queue>(
        Queue::Dependencies{process, *spool, sink, courier, replies, notifier}, settings());
  }
  Settings settings() const {
    return {shaping::SiteTable(limits, {}), RetrySchedule{1min, 2.0, 10min, 0}, 20min,
            shaping::StreamTable(streams)};
  }

  spool::Envelope envelope(std::vector<std::string> addresses, Duration lives = 1h) {
    spool::Envelope made;
    std::array<uint8_t, 10> random{};
    ++ids;
    for (size_t i = 0; i < 4; ++i) random[9 - i] = static_cast<uint8_t>(ids >> (8 * i));
    made.id = MessageId::make(process.wall_now(), random);
    made.accepted_at = process.wall_now();
    made.expires_at =
        process.wall_now() + std::chrono::duration_cast<std::chrono::microseconds>(lives);
    for (const std::string& address : addresses)
      made.recipients.push_back(*smtp::parse_mailbox(address));
    made.chunks = 1;
    return made;
  }
  // Accepted by the spool, then queued, as intake does it.
  void accept(spool::Envelope made) { tasks.start(commit(std::move(made))); }
  io::Task<void> commit(spool::Envelope made) {
    std::vector<spool::Chunk> chunks;
    chunks.push_back({0, "text"});
    Result<void> committed = co_await spool->commit(made, std::move(chunks));
    EXPECT_TRUE(committed);
    queue->add(std::move(made));
  }
  std::vector<EventKind> kinds() const {
    std::vector<EventKind> kinds;
    for (const events::Event& event : sink.events) kinds.push_back(event.kind);
    return kinds;
  }
  size_t stored() {
    size_t count = 0;
    EXPECT_TRUE(spool->recover([&](spool::StoredMessage) { ++count; }, [](MessageId, Error) {}));
    return count;
  }

  io::SimWorld world{1};
  io::SimProcess& process = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  spool::SpoolMedium medium;
  spool::MemoryStore store{medium, process};
  std::unique_ptr<spool::Spool> spool = spool::make_spool(store, process);
  fakes::RecordingSink sink;
  FakeCourier courier{process};
  FakeNotifier notifier{process};
  shaping::SiteLimits limits;
  std::vector<shaping::StreamRule> streams;
  uint32_t ids = 0;
  classify::Classifier classifier{classify::shipped_book()};
  classify::Reader replies{classifier};
  std::unique_ptr<Queue> queue;
  io::TaskGroup tasks;
};

}  // namespace waypost::queue
