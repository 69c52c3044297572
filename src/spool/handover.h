#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace waypost::spool {

// What one thread makes and another takes over, in order and many at a time: neither waits for the
// other for each. The maker stops when too much waits to be taken.
template <class T>
class Handover {
 public:
  // The maker's thread: give() each, then end() once.
  void give(T value) {
    filling_.push_back(std::move(value));
    if (filling_.size() == lot_size) hand_over();
  }
  void end() {
    hand_over();
    std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // The taker's thread, until it gets nothing: then all that was given has been taken. To be called
  // until then, or the maker waits for ever.
  std::vector<T> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return ended_ || !lots_.empty(); });
    if (lots_.empty()) return {};
    std::vector<T> taken = std::move(lots_.front());
    lots_.pop_front();
    changed_.notify_all();
    return taken;
  }

 private:
  static constexpr size_t lot_size = 256;
  static constexpr size_t waiting_lots_max = 8;

  void hand_over() {
    if (filling_.empty()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return lots_.size() < waiting_lots_max; });
    lots_.push_back(std::exchange(filling_, {}));
    changed_.notify_all();
  }

  std::vector<T> filling_;  // the maker's

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<T>> lots_;
  bool ended_ = false;
};

}  // namespace waypost::spool
