#pragma once

#include <string>
#include <thread>

#include "io/asio_loop.h"

namespace waypost::io {

// A loop on a thread of its own. What is made on the loop is made before start() and destroyed
// after end(), or on its thread.
class LoopThread {
 public:
  // `name` is what the system's tools show, 15 octets at most.
  explicit LoopThread(std::string name) : name_(std::move(name)) {}
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;
  ~LoopThread() { end(); }

  AsioLoop& loop() { return loop_; }

  // Once.
  void start();
  // Waits for what the loop does just now; what waits for its turn never runs. Idempotent.
  void end();

 private:
  const std::string name_;
  AsioLoop loop_;
  std::thread thread_;
};

// How many cores this process may use, which may be fewer than the machine has; at least 1.
unsigned usable_cores();

}  // namespace waypost::io
