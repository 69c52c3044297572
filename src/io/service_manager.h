#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace waypost::io {

// What a supervisor puts into the environment, empty when it did not: NOTIFY_SOCKET, WATCHDOG_USEC,
// WATCHDOG_PID, LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES.
struct SupervisorVariables {
  std::string notify_socket;
  std::string watchdog_usec;
  std::string watchdog_pid;
  std::string listen_fds = {};
  std::string listen_pid = {};
  std::string listen_names = {};
};

// The supervisor that started this process and wants to hear how it does, by the protocol of
// sd_notify(3): datagrams to the socket that it named. Without one everything here does nothing.
// Thread: any, one at a time.
class ServiceManager {
 public:
  explicit ServiceManager(const SupervisorVariables& variables);
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  ~ServiceManager();

  void ready(std::string_view status);
  // One line about what the service does.
  void tell(std::string_view status);
  // A reload has begun; ready() ends it.
  void reloading();
  void stopping();

  // The process lives. It is killed when it has not said so for twice this long; none: nobody
  // waits.
  std::optional<Duration> watchdog_interval() const { return watchdog_interval_; }
  void feed_watchdog();

 private:
  // Lost when the socket is full or gone: the supervisor's trouble must not become ours.
  void send(const std::string& state);

  int descriptor_ = -1;
  std::string address_;  // as bind(2) takes it: a path, or NUL and a name
  std::optional<Duration> watchdog_interval_;
};

}  // namespace waypost::io
