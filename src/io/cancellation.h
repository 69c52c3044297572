#pragma once

#include <functional>
#include <utility>

namespace waypost::io {

// Lets somebody else end a wait early: it then fails with ErrorCode::cancelled, soon but not within
// cancel(). For one wait at a time, which it outlives. Thread: the loop's.
class Cancellation {
 public:
  Cancellation() = default;
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  // Idempotent; a wait that has not begun yet fails when it does.
  void cancel() {
    cancelled_ = true;
    if (interrupt_) std::exchange(interrupt_, {})();
  }
  bool cancelled() const { return cancelled_; }

  // For whoever waits: how to be interrupted, until the end of the scope.
  class Watch {
   public:
    Watch(Cancellation* cancellation, std::function<void()> interrupt)
        : cancellation_(cancellation) {
      if (cancellation_) cancellation_->interrupt_ = std::move(interrupt);
    }
    ~Watch() {
      if (cancellation_) cancellation_->interrupt_ = {};
    }
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

   private:
    Cancellation* cancellation_;
  };

 private:
  bool cancelled_ = false;
  std::function<void()> interrupt_;
};

}  // namespace waypost::io
