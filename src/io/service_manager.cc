#include "io/service_manager.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace waypost::io {
namespace {

// systemd shows no more of it.
constexpr size_t status_octets_max = 400;

std::optional<uint64_t> number(const std::string& text) {
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::optional<Duration> half_of_watchdog_time(const SupervisorVariables& variables) {
  std::optional<uint64_t> micros = number(variables.watchdog_usec);
  bool ours =
      variables.watchdog_pid.empty() || variables.watchdog_pid == std::to_string(::getpid());
  if (!micros || *micros < 2 || *micros > INT64_MAX / 1000 || !ours) return std::nullopt;
  return Duration(static_cast<int64_t>(*micros) * 1000 / 2);
}

// A line of the protocol is one variable, so a status cannot bring another.
std::string status_line(std::string_view status) {
  std::string line = "STATUS=" + std::string(status.substr(0, status_octets_max));
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line + "\n";
}

}  // namespace

ServiceManager::ServiceManager(const SupervisorVariables& variables) {
  std::string address = variables.notify_socket;
  if (address.size() < 2 || address.size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address[0] == '@')
    address[0] = '\0';
  else if (address[0] != '/')
    return;
  descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  address_ = std::move(address);
  watchdog_interval_ = half_of_watchdog_time(variables);
}

ServiceManager::~ServiceManager() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void ServiceManager::ready(std::string_view status) { send("READY=1\n" + status_line(status)); }

void ServiceManager::tell(std::string_view status) { send(status_line(status)); }

void ServiceManager::reloading() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t micros =
      static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(micros) + "\n");
}

void ServiceManager::stopping() { send("STOPPING=1\nSTATUS=Stopping\n"); }

void ServiceManager::feed_watchdog() { send("WATCHDOG=1\n"); }

void ServiceManager::send(const std::string& state) {
  if (descriptor_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  address_.copy(to.sun_path, address_.size());
  auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  static_cast<void>(::sendto(descriptor_, state.data(), state.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to), length));
}

}  // namespace waypost::io
