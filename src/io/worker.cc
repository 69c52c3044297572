#include "io/worker.h"

#include <future>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"

namespace waypost::io {

Worker::Worker(const std::string& name) : thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

Worker::~Worker() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Worker::submit(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void Worker::submit_after(Duration delay, std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    later_.emplace(clock_.now() + delay, std::move(work));
  }
  wake_.notify_one();
}

void Worker::finish() {
  auto done = std::make_shared<std::promise<void>>();
  const std::future<void> is_done = done->get_future();
  submit([done] { done->set_value(); });
  is_done.wait();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (wait_for_work(lock)) {
    auto work = std::move(work_.front());
    work_.pop_front();
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
  }
}

// True when work_ holds something to run, false when the thread is to end.
bool Worker::wait_for_work(std::unique_lock<std::mutex>& lock) {
  while (true) {
    Instant now = clock_.now();
    while (!later_.empty() && (stopping_ || later_.begin()->first <= now)) {
      work_.push_back(std::move(later_.begin()->second));
      later_.erase(later_.begin());
    }
    if (!work_.empty()) return true;
    if (stopping_) return false;
    if (later_.empty())
      wake_.wait(lock);
    else
      wake_.wait_for(lock, later_.begin()->first - now);
  }
}

ReadableWatch::ReadableWatch(int descriptor, std::function<void()> ready)
    : ready_(std::move(ready)),
      wake_descriptor_(eventfd(0, EFD_CLOEXEC)),
      thread_([this, descriptor] { run(descriptor); }) {
  CHECK(wake_descriptor_ >= 0);
}

ReadableWatch::~ReadableWatch() {
  uint64_t one = 1;
  CHECK(write(wake_descriptor_, &one, sizeof one) == sizeof one);
  thread_.join();
  ::close(wake_descriptor_);
}

void ReadableWatch::run(int descriptor) {
  pollfd watched[2] = {{descriptor, POLLIN, 0}, {wake_descriptor_, POLLIN, 0}};
  while (true) {
    if (poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) return;
    if (watched[0].revents != 0) ready_();
  }
}

}  // namespace waypost::io
