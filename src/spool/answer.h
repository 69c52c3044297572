#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

#include "base/check.h"

namespace waypost::spool {

// One result on its way to the coroutine that waits for it. Unlike io::Completion it outlives both
// sides: a frame may be destroyed while the store still works for it, as in a simulated crash, and
// a store may be destroyed while frames still wait. Thread: the loop's.
template <class T>
class Answer {
 public:
  // Resumes the waiting coroutine, if there still is one, before it returns.
  void give(T value) {
    CHECK(!value_);
    value_.emplace(std::move(value));
    if (waiter_) std::exchange(waiter_, {}).resume();
  }

 private:
  template <class U>
  friend class Awaited;
  std::optional<T> value_;
  std::coroutine_handle<> waiter_;
};

// The waiting side: lives in the frame that awaits it, and forgets the frame when that is
// destroyed.
template <class T>
class Awaited {
 public:
  Awaited() : answer_(std::make_shared<Answer<T>>()) {}
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;
  ~Awaited() { answer_->waiter_ = {}; }

  std::shared_ptr<Answer<T>> answer() const { return answer_; }

  bool await_ready() const noexcept { return answer_->value_.has_value(); }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { answer_->waiter_ = awaiting; }
  T await_resume() { return *std::move(answer_->value_); }

 private:
  std::shared_ptr<Answer<T>> answer_;
};

}  // namespace waypost::spool
