#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <vector>

#include "base/ip_address.h"
#include "io/clock.h"
#include "io/loop.h"
#include "io/network.h"
#include "io/rng.h"

namespace waypost::io {

class SimNetwork;
class SimProcess;

// A world in which everything that the real one leaves to chance comes from one seed: the order of
// events, the network's delays and faults, the random numbers. Time is virtual: it jumps from event
// to event, and code takes none of it.
// It must outlive whatever waits in it: tasks, timers, streams, listeners. Those may be destroyed
// in any order before it. Thread: one.
class SimWorld final : public Clock {
 public:
  explicit SimWorld(uint64_t seed);
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  ~SimWorld() override;

  Instant now() const override { return now_; }
  WallTime wall_now() const override;
  // An administrator or NTP moves the wall clock, forwards or backwards; now() goes on unmoved.
  void jump_wall_clock(Duration by) { wall_offset_ += by; }

  Rng& rng() { return rng_; }
  SimNetwork& network() { return *network_; }

  // One program on the host with this address; several may share a host. The world owns it, alive
  // or killed, so that what still points at it may be destroyed later.
  SimProcess& make_process(IpAddress host);

  // Runs the earliest event; false when there is none left.
  bool step();
  // Runs what happens up to and at `at`, which then is the time.
  void run_until(Instant at);
  void run_for(Duration span) { run_until(now_ + span); }
  // Runs until `reached` says so after an event, or nothing is left before `limit`; returns what it
  // said last.
  bool run_until(const std::function<bool()>& reached, Instant limit);

  // Differs as soon as anything happened differently: the same seed and the same program give the
  // same hash.
  uint64_t trace_hash() const { return trace_hash_; }
  uint64_t steps() const { return steps_; }

  // For the simulated parts. An event of a process is dropped when that is killed; null is the
  // world's own. Equal times run in the order of scheduling.
  struct When {
    Instant at;
    uint64_t order;
    auto operator<=>(const When&) const = default;
  };
  When schedule(Instant at, SimProcess* process, std::function<void()> event);
  void cancel(const When& event) { events_.erase(event); }
  void trace(uint64_t fact);
  void trace(std::string_view octets);

 private:
  friend class SimProcess;
  struct Event {
    SimProcess* process;
    std::function<void()> run;
  };
  void drop_events_of(const SimProcess& process);
  void watch_progress(Instant at);

  Instant now_;
  Duration wall_offset_{0};
  SeededRng rng_;
  uint64_t trace_hash_;
  uint64_t scheduled_ = 0;
  uint64_t steps_ = 0;
  uint64_t steps_at_this_instant_ = 0;
  const SimProcess* running_ = nullptr;
  std::vector<std::unique_ptr<SimProcess>> processes_;
  std::unique_ptr<SimNetwork> network_;
  std::map<When, Event> events_;
};

// A process of that world: what runs in it sees a loop and a network like any other. Post only from
// the world's own thread, since another one would bring chance back in.
class SimProcess final : public Loop {
 public:
  SimProcess(SimWorld& world, IpAddress host, uint64_t number);
  ~SimProcess() override;

  void post(std::function<void()> message) override;
  Clock& clock() override { return world_; }
  Rng& rng() override { return rng_; }
  TimerQueue& timers() override { return timers_; }

  Network& network() { return *network_; }
  SimWorld& world() { return world_; }
  uint64_t number() const { return number_; }

  const IpAddress& host() const { return host_; }
  // A further address of the host, to listen on and to connect from.
  void add_address(IpAddress address);
  const std::set<IpAddress>& addresses() const { return addresses_; }

  // As kill -9: what was posted is dropped, no timer fires any more, nothing that waits resumes,
  // the peers of its connections see peer_gone. Its tasks are then to be destroyed by whoever owns
  // them. Not from within the process itself.
  void kill();
  bool alive() const { return alive_; }

 private:
  void arm();
  void wake();

  SimWorld& world_;
  IpAddress host_;
  uint64_t number_;
  std::set<IpAddress> addresses_;
  SeededRng rng_;
  TimerQueue timers_;
  std::optional<SimWorld::When> wakes_at_;
  std::unique_ptr<Network> network_;
  std::thread::id thread_ = std::this_thread::get_id();
  bool alive_ = true;
};

}  // namespace waypost::io
