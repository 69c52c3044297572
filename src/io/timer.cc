#include "io/timer.h"

#include <algorithm>
#include <utility>

namespace waypost::io {

std::optional<Instant> TimerQueue::next() const {
  if (heap_.empty()) return std::nullopt;
  return heap_.front().at;
}

size_t TimerQueue::run_due(Instant now) {
  // What a callback starts waits for the next turn, so that a timer set to "now" cannot starve I/O.
  uint64_t started_before = started_;
  firing_at_ = now;
  size_t fired = 0;
  while (!heap_.empty() && heap_.front().at <= now && heap_.front().order < started_before) {
    Timer& timer = *heap_.front().timer;
    remove(timer);
    auto callback = std::exchange(timer.callback_, nullptr);
    callback();
    ++fired;
  }
  firing_at_.reset();
  return fired;
}

void TimerQueue::insert(Timer& timer, Instant at) {
  // Behind all that is due in this turn: a callback that starts a timer in the past, again and
  // again, must not keep the others from firing.
  if (firing_at_) at = std::max(at, *firing_at_);
  heap_.push_back({at, started_++, &timer});
  timer.index_ = heap_.size() - 1;
  sift_up(timer.index_);
  if (timer.index_ == 0 && on_earlier_) on_earlier_();
}

void TimerQueue::remove(Timer& timer) {
  size_t index = std::exchange(timer.index_, Timer::idle);
  Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  place(index, last);
  sift_up(index);
  sift_down(last.timer->index_);
}

void TimerQueue::place(size_t index, Entry entry) {
  heap_[index] = entry;
  entry.timer->index_ = index;
}

void TimerQueue::sift_up(size_t index) {
  Entry entry = heap_[index];
  while (index > 0) {
    size_t parent = (index - 1) / 2;
    if (!entry.before(heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sift_down(size_t index) {
  Entry entry = heap_[index];
  while (true) {
    size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) ++child;
    if (!heap_[child].before(entry)) break;
    place(index, heap_[child]);
    index = child;
  }
  place(index, entry);
}

void Timer::start(Instant at, std::function<void()> callback) {
  cancel();
  callback_ = std::move(callback);
  queue_.insert(*this, at);
}

void Timer::cancel() {
  if (!pending()) return;
  queue_.remove(*this);
  // What the callback holds goes with it, last: it may hold this timer's owner.
  auto callback = std::exchange(callback_, nullptr);
}

}  // namespace waypost::io
