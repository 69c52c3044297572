#include "daemon/listening_sockets.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace waypost::daemon {
namespace {

using Socket = io::PassedSockets::Socket;

std::string list_of(const std::vector<Socket>& sockets) {
  std::string list;
  for (const Socket& socket : sockets)
    list.append(list.empty() ? "" : ", ").append(socket.name + " at " + socket.local.text());
  return list.empty() ? "none" : list;
}

Error not_passed(const config::Listener& listener, const io::PassedSockets& passed) {
  return {ErrorCode::not_found,
          fmt::format("{}: systemd passed no socket named \"{}\" (it passed: {}); is the .socket "
                      "unit with FileDescriptorName={} started?",
                      listener.origin.text(), listener.socket_name, list_of(passed.all()),
                      listener.socket_name)};
}

}  // namespace

Result<void> resolve_passed(config::Config& config, const io::PassedSockets& passed) {
  std::vector<config::Listener> resolved;
  for (config::Listener& listener : config.listeners) {
    if (listener.socket_name.empty()) {
      resolved.push_back(std::move(listener));
      continue;
    }
    const size_t before = resolved.size();
    for (const Socket& socket : passed.all()) {
      if (socket.name != listener.socket_name) continue;
      resolved.push_back(listener);
      resolved.back().address = socket.local;
    }
    if (resolved.size() == before) return failure(not_passed(listener, passed));
  }
  config.listeners = std::move(resolved);
  return {};
}

Result<std::unique_ptr<io::Listener>> open_socket(io::AsioLoop& loop,
                                                  const io::PassedSockets& passed,
                                                  const config::Listener& listener,
                                                  io::ListenOptions options) {
  if (listener.socket_name.empty()) return loop.network().listen(listener.address, options);
  for (const Socket& socket : passed.all())
    if (socket.name == listener.socket_name && socket.local == listener.address)
      return io::listen_on(loop, socket);
  return failure(not_passed(listener, passed));
}

std::vector<std::string> unused_sockets(const config::Config& config,
                                        const io::PassedSockets& passed) {
  std::vector<std::string> unused;
  for (const Socket& socket : passed.all()) {
    const bool is_used = std::any_of(
        config.listeners.begin(), config.listeners.end(),
        [&](const config::Listener& listener) { return listener.socket_name == socket.name; });
    if (!is_used) unused.push_back(socket.name);
  }
  return unused;
}

}  // namespace waypost::daemon
