#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "io/asio_loop.h"

namespace waypost::io {

std::unique_ptr<Network> make_asio_network(AsioLoop& loop, boost::asio::io_context& context);

struct AsioLoop::Impl {
  explicit Impl(AsioLoop& loop) : network(make_asio_network(loop, context)), alarm(context) {}

  // One thread runs it, but post() comes from any. Not with a concurrency hint of 1: that keeps
  // what the loop posts to itself in a private queue, where another thread's later message can
  // overtake it.
  boost::asio::io_context context;
  SystemClock clock;
  SystemRng rng;
  TimerQueue timers;
  std::unique_ptr<Network> network;

  // One system timer wakes the loop for the earliest of ours; it is re-armed only for an earlier
  // one, since most timers are deadlines that are cancelled.
  boost::asio::steady_timer alarm;
  std::optional<Instant> alarm_at;

  void arm();
  void on_alarm();
};

}  // namespace waypost::io
