#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/check.h"

namespace waypost::io {

template <class T>
class Task;

namespace detail {

// Where a finished task goes on: with the coroutine that awaited it. While that one is still about
// to suspend, it sees by itself that there is nothing to wait for: so a loop over tasks that never
// wait uses no stack in any build (GCC makes a jump of a symmetric transfer only at -O2).
struct FinalAwaiter {
  bool await_ready() const noexcept { return false; }
  template <class Promise>
  std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    if (finished.promise().starting) return std::noop_coroutine();
    return finished.promise().continuation;
  }
  void await_resume() const noexcept {}
};

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  bool starting = false;  // its first run has not returned to the awaiter yet
  std::suspend_always initial_suspend() const noexcept { return {}; }
  FinalAwaiter final_suspend() const noexcept { return {}; }
  // Exceptions end at the folder that wraps the library that throws; one that gets here is a bug.
  [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
};

}  // namespace detail

// A lazy coroutine: it starts when it is awaited, and whoever holds the Task owns the frame.
// Destroying a suspended Task destroys everything below it, as a crash would.
// Thread: one loop, from start to end.
template <class T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  auto operator co_await() && noexcept {
    struct Awaiter {
      Handle handle;
      bool await_ready() const noexcept { return false; }
      // Whether there is something to wait for.
      bool await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        auto& promise = handle.promise();
        promise.continuation = awaiting;
        promise.starting = true;
        handle.resume();
        promise.starting = false;
        return !handle.done();
      }
      T await_resume() const {
        if constexpr (!std::is_void_v<T>) return *std::move(handle.promise().value);
      }
    };
    CHECK(handle_);
    return Awaiter{handle_};
  }

 private:
  Handle handle_;
};

namespace detail {

template <class T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace detail
}  // namespace waypost::io
