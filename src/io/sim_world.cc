#include "io/sim_world.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "io/sim_network.h"

namespace waypost::io {
namespace {

using namespace std::chrono_literals;

// Not the epoch, so that code may subtract from the first time it sees.
constexpr Instant first_instant{24h};
constexpr WallTime first_wall_time{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};

// So many events without any time passing are a loop that waits for nothing.
constexpr uint64_t steps_at_one_instant_max = 5'000'000;

// The finalizer of SplitMix64: every bit of the input changes about half of the output.
uint64_t mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

SimWorld::SimWorld(uint64_t seed)
    : now_(first_instant),
      rng_(seed),
      trace_hash_(mix(seed)),
      network_(std::make_unique<SimNetwork>(*this)) {}

SimWorld::~SimWorld() {
  // What an event holds may cancel timers or close streams when it goes.
  auto dropped = std::exchange(events_, {});
}

WallTime SimWorld::wall_now() const {
  return std::chrono::floor<std::chrono::microseconds>(first_wall_time + (now_ - first_instant) +
                                                       wall_offset_);
}

SimProcess& SimWorld::make_process(IpAddress host) {
  uint64_t number = processes_.size() + 1;
  processes_.push_back(std::make_unique<SimProcess>(*this, host, number));
  return *processes_.back();
}

bool SimWorld::step() {
  if (events_.empty()) return false;
  auto first = events_.extract(events_.begin());
  watch_progress(first.key().at);
  now_ = first.key().at;
  ++steps_;
  SimProcess* process = first.mapped().process;
  trace(static_cast<uint64_t>(now_.time_since_epoch().count()));
  trace(first.key().order);
  trace(process ? process->number() : 0);
  running_ = process;
  first.mapped().run();
  running_ = nullptr;
  return true;
}

void SimWorld::watch_progress(Instant at) {
  steps_at_this_instant_ = at == now_ ? steps_at_this_instant_ + 1 : 0;
  CHECK(steps_at_this_instant_ < steps_at_one_instant_max);
}

void SimWorld::run_until(Instant at) {
  while (!events_.empty() && events_.begin()->first.at <= at) step();
  now_ = std::max(now_, at);
}

bool SimWorld::run_until(const std::function<bool()>& reached, Instant limit) {
  while (true) {
    if (reached()) return true;
    if (events_.empty() || events_.begin()->first.at > limit) break;
    step();
  }
  now_ = std::max(now_, limit);
  return reached();
}

SimWorld::When SimWorld::schedule(Instant at, SimProcess* process, std::function<void()> event) {
  When when{std::max(at, now_), scheduled_++};
  events_.emplace_hint(events_.end(), when, Event{process, std::move(event)});
  return when;
}

void SimWorld::trace(uint64_t fact) { trace_hash_ = mix(trace_hash_ ^ fact); }

void SimWorld::trace(std::string_view octets) {
  uint64_t hash = octets.size();
  for (unsigned char octet : octets) hash = (hash ^ octet) * 0x100000001b3;
  trace(hash);
}

void SimWorld::drop_events_of(const SimProcess& process) {
  // Taken out first, destroyed last: what they hold may schedule when it goes.
  std::vector<Event> dropped;
  std::erase_if(events_, [&](auto& entry) {
    if (entry.second.process != &process) return false;
    dropped.push_back(std::move(entry.second));
    return true;
  });
}

SimProcess::SimProcess(SimWorld& world, IpAddress host, uint64_t number)
    : world_(world), host_(host), number_(number), rng_(world.rng().next()) {
  add_address(host);
  timers_.on_earlier([this] { arm(); });
  network_ = world.network().for_process(*this);
}

SimProcess::~SimProcess() = default;

void SimProcess::post(std::function<void()> message) {
  CHECK(std::this_thread::get_id() == thread_);
  if (alive_) world_.schedule(world_.now(), this, std::move(message));
}

void SimProcess::add_address(IpAddress address) {
  addresses_.insert(address);
  world_.network().add_address(address, host_);
}

void SimProcess::arm() {
  std::optional<Instant> next = timers_.next();
  if (!alive_ || !next || (wakes_at_ && wakes_at_->at <= *next)) return;
  if (wakes_at_) world_.cancel(*wakes_at_);
  wakes_at_ = world_.schedule(*next, this, [this] { wake(); });
}

void SimProcess::wake() {
  wakes_at_.reset();
  timers_.run_due(world_.now());
  arm();
}

void SimProcess::kill() {
  CHECK(world_.running_ != this);
  if (!std::exchange(alive_, false)) return;
  world_.drop_events_of(*this);
  world_.network().process_killed(*this);
}

}  // namespace waypost::io
