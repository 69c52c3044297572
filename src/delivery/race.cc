#include "delivery/race.h"

#include <algorithm>

#include "io/timer.h"

namespace waypost::delivery {

std::deque<IpAddress> interleave(const std::vector<IpAddress>& first,
                                 const std::vector<IpAddress>& second) {
  std::deque<IpAddress> mixed;
  for (size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) mixed.push_back(first[i]);
    if (i < second.size()) mixed.push_back(second[i]);
  }
  return mixed;
}

io::Task<Race::Result> Race::run(std::deque<IpAddress>& addresses, unsigned& tries_left) {
  bool head_start_over = true;
  while (!winner_) {
    bool others_left = !addresses.empty() && tries_left > 0 && running() < at_a_time_max;
    if (running() == 0 && !others_left) break;
    if (others_left && (head_start_over || running() == 0)) {
      --tries_left;
      runners_.push_back(std::make_unique<Runner>());
      runners_.back()->address = addresses.front();
      addresses.pop_front();
      head_start_over = false;
      group_.start(connect(*runners_.back()));
      continue;
    }
    size_t before = running();
    co_await wait(others_left);
    head_start_over = running() == before;
  }
  for (auto& runner : runners_) {
    if (!runner->running) continue;
    addresses.push_back(runner->address);
    runner->cancellation.cancel();
  }
  co_await group_.join();
  if (winner_) co_return Result{winner_->address, std::move(stream_)};
  co_return Result{failed_address_, tl::unexpected(*std::move(failed_))};
}

io::Task<void> Race::connect(Runner& runner) {
  Endpoint to{runner.address, rules_.port};
  Dialed stream = co_await dialer_.dial(to, &runner.cancellation, loop_.now() + rules_.timeout);
  runner.running = false;
  if (stream && !winner_) {
    winner_ = &runner;
    stream_ = *std::move(stream);
  } else if (!stream) {
    note_failure(runner.address, std::move(stream).error());
  }
  ended();
}

// What one address came to for reasons of ours does not hide what another is like.
void Race::note_failure(const IpAddress& address, DialFailure failure) {
  if (failure.called_off || (failed_ && failure.blame == Blame::path)) return;
  failed_address_ = address;
  failed_ = std::move(failure);
}

io::Task<void> Race::wait(bool others_left) {
  io::Completion<bool> changed;
  io::Timer timer(loop_.timers());
  waiter_ = &changed;
  if (others_left) timer.start(loop_.now() + head_start, [this] { ended(); });
  co_await changed;
}

void Race::ended() {
  if (waiter_) std::exchange(waiter_, nullptr)->complete(true);
}

size_t Race::running() const {
  return static_cast<size_t>(std::count_if(runners_.begin(), runners_.end(),
                                           [](const auto& runner) { return runner->running; }));
}

}  // namespace waypost::delivery
