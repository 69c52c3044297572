#include "io/asio_loop.h"

#include <csignal>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>

#include "io/asio_impl.h"

namespace waypost::io {

AsioLoop::AsioLoop() : impl_(std::make_unique<Impl>(*this)) {
  impl_->timers.on_earlier([impl = impl_.get()] { impl->arm(); });
}

AsioLoop::~AsioLoop() = default;

void AsioLoop::run() {
  auto keep_running = boost::asio::make_work_guard(impl_->context);
  impl_->context.run();
}

void AsioLoop::stop() { impl_->context.stop(); }

Network& AsioLoop::network() { return *impl_->network; }

void AsioLoop::post(std::function<void()> message) {
  boost::asio::post(impl_->context, std::move(message));
}

Clock& AsioLoop::clock() { return impl_->clock; }
Rng& AsioLoop::rng() { return impl_->rng; }
TimerQueue& AsioLoop::timers() { return impl_->timers; }

void AsioLoop::Impl::arm() {
  std::optional<Instant> next = timers.next();
  if (!next || (alarm_at && *alarm_at <= *next)) return;
  alarm_at = next;
  alarm.expires_at(std::chrono::steady_clock::time_point(next->time_since_epoch()));
  alarm.async_wait([this](boost::system::error_code error) {
    if (!error) on_alarm();
  });
}

void AsioLoop::Impl::on_alarm() {
  alarm_at.reset();
  timers.run_due(clock.now());
  arm();
}

namespace {

void mask_hangups(int how) {
  sigset_t hangup;
  ::sigemptyset(&hangup);
  ::sigaddset(&hangup, SIGHUP);
  ::pthread_sigmask(how, &hangup, nullptr);
}

}  // namespace

void hold_hangups() { mask_hangups(SIG_BLOCK); }

struct SignalWatch::Impl {
  Impl(boost::asio::io_context& context, std::function<void(int)> callback)
      : signals(context, SIGINT, SIGTERM, SIGHUP), received(std::move(callback)) {
    wait();
    mask_hangups(SIG_UNBLOCK);
  }
  void wait() {
    signals.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      received(signal);
      wait();
    });
  }
  boost::asio::signal_set signals;
  std::function<void(int)> received;
};

SignalWatch::SignalWatch(AsioLoop& loop, std::function<void(int)> received)
    : impl_(std::make_unique<Impl>(loop.impl().context, std::move(received))) {}
SignalWatch::~SignalWatch() = default;

}  // namespace waypost::io
