#include "io/passed_sockets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace waypost::io {
namespace {

constexpr int first_descriptor = 3;  // SD_LISTEN_FDS_START
constexpr int sockets_max = 256;

std::optional<int> number(const std::string& text) {
  int value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

// What sd_listen_fds_with_names(3) says of a socket without a name.
std::string name_at(const std::string& names, int index) {
  size_t start = 0;
  for (; index > 0 && start != std::string::npos; --index) {
    start = names.find(':', start);
    if (start != std::string::npos) ++start;
  }
  if (names.empty() || start == std::string::npos) return "unknown";
  return names.substr(start, names.find(':', start) - start);
}

int option(int descriptor, int which) {
  int value = -1;
  socklen_t octets = sizeof value;
  if (::getsockopt(descriptor, SOL_SOCKET, which, &value, &octets) != 0) return -1;
  return value;
}

std::optional<Endpoint> local_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t octets = sizeof storage;
  if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &octets) != 0)
    return std::nullopt;
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    std::array<uint8_t, 4> address;
    std::memcpy(address.data(), &v4.sin_addr, address.size());
    return Endpoint{IpAddress::v4(address), ntohs(v4.sin_port)};
  }
  if (storage.ss_family != AF_INET6) return std::nullopt;
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
  std::array<uint8_t, 16> address;
  std::memcpy(address.data(), &v6.sin6_addr, address.size());
  return Endpoint{IpAddress::v6(address), ntohs(v6.sin6_port)};
}

bool is_listening_stream(int descriptor) {
  return option(descriptor, SO_TYPE) == SOCK_STREAM && option(descriptor, SO_ACCEPTCONN) == 1;
}

}  // namespace

Result<PassedSockets> PassedSockets::take(const SupervisorVariables& variables) {
  PassedSockets passed;
  if (variables.listen_pid != std::to_string(::getpid())) return passed;
  const std::optional<int> count = number(variables.listen_fds);
  if (!count || *count < 0 || *count > sockets_max)
    return failure(ErrorCode::invalid_input, "LISTEN_FDS is not a number of sockets");
  for (int index = 0; index < *count; ++index) {
    const int number = first_descriptor + index;
    const std::string name = name_at(variables.listen_names, index);
    if (::fcntl(number, F_SETFD, FD_CLOEXEC) != 0)
      return failure(base::system_failure(errno, "taking the passed socket \"" + name + "\""));
    Descriptor descriptor(number);
    const std::optional<Endpoint> local = local_of(number);
    if (!local || !is_listening_stream(number))
      return failure(ErrorCode::invalid_input, "the passed socket \"" + name +
                                                   "\" is not a TCP socket that listens: give its "
                                                   "unit a ListenStream= with an address and port");
    passed.sockets_.push_back({name, *local, std::move(descriptor)});
  }
  return passed;
}

}  // namespace waypost::io
