#pragma once

#include <coroutine>
#include <optional>
#include <utility>

#include "base/check.h"

namespace waypost::io {

// Joins a callback to the one coroutine that waits for it: somebody calls complete() once, the
// awaiter gets the value. Both on the loop's thread. It must outlive the callback, so it lives in
// the frame that awaits it, behind an operation that always completes.
template <class T>
class Completion {
 public:
  Completion() = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  // Resumes the awaiter before it returns.
  void complete(T value) {
    CHECK(!value_);
    value_.emplace(std::move(value));
    if (waiter_) std::exchange(waiter_, {}).resume();
  }
  bool completed() const { return value_.has_value(); }

  bool await_ready() const noexcept { return value_.has_value(); }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { waiter_ = awaiting; }
  T await_resume() { return *std::move(value_); }

 private:
  std::optional<T> value_;
  std::coroutine_handle<> waiter_;
};

}  // namespace waypost::io
