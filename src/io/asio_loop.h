#pragma once

#include <memory>

#include "io/loop.h"
#include "io/network.h"

namespace waypost::io {

// The real event loop: one thread, epoll, the system's clocks. Boost.Asio stays inside.
class AsioLoop final : public Loop {
 public:
  AsioLoop();
  ~AsioLoop() override;

  // Runs on the calling thread until stop(); what is posted before run() waits for it.
  void run();
  // Any thread. run() returns soon; what is posted but not run by then never runs.
  void stop();

  Network& network();

  void post(std::function<void()> message) override;
  Clock& clock() override;
  Rng& rng() override;
  TimerQueue& timers() override;

  // For the files that implement it.
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// From now on SIGHUP waits for a SignalWatch instead of ending the process, on this thread and
// those that it starts: who asks a program that is still starting to reload must not end it.
void hold_hangups();

// Calls `received` on the loop for each SIGINT, SIGTERM or SIGHUP, until destroyed; first for a
// SIGHUP that hold_hangups() kept. Make it on the thread that called that.
class SignalWatch {
 public:
  SignalWatch(AsioLoop& loop, std::function<void(int signal)> received);
  ~SignalWatch();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace waypost::io
