#include "io/loop_thread.h"

#include <algorithm>
#include <pthread.h>
#include <sched.h>

namespace waypost::io {

void LoopThread::start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), name_.c_str());
    loop_.run();
  });
}

void LoopThread::end() {
  if (!thread_.joinable()) return;
  loop_.stop();
  thread_.join();
}

unsigned usable_cores() {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  // Fails where there are more cores than the set has places for.
  if (::sched_getaffinity(0, sizeof cores, &cores) != 0)
    return std::max(1u, std::thread::hardware_concurrency());
  return static_cast<unsigned>(std::max(1, CPU_COUNT(&cores)));
}

}  // namespace waypost::io
