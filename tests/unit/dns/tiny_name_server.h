#pragma once

#include <arpa/inet.h>
#include <atomic>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "base/check.h"
#include "base/ip_address.h"

namespace waypost::dns {

// A name server on a free UDP port of this host, which answers everything alike: A 192.0.2.53, MX
// 10 at "mx" below the name; names that start with "fail" and "gone" get SERVFAIL and NXDOMAIN.
class TinyNameServer {
 public:
  TinyNameServer() : socket_(socket(AF_INET, SOCK_DGRAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    CHECK(bind(socket_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    CHECK(getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~TinyNameServer() {
    stopping_ = true;
    hold(false);
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  Endpoint endpoint() const { return {IpAddress::v4({127, 0, 0, 1}), port_}; }
  // Nobody gets an answer until it is let go again.
  void hold(bool held) {
    held_ = held;
    held_.notify_one();
  }

 private:
  static constexpr size_t header_octets = 12;

  void serve() {
    while (!stopping_) {
      std::string query(1500, '\0');
      sockaddr_in from{};
      socklen_t size = sizeof from;
      ssize_t got = recvfrom(socket_, query.data(), query.size(), 0,
                             reinterpret_cast<sockaddr*>(&from), &size);
      if (got <= static_cast<ssize_t>(header_octets)) continue;
      query.resize(static_cast<size_t>(got));
      held_.wait(true);
      std::string reply = answer(query);
      sendto(socket_, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }

  static std::string answer(const std::string& query) {
    size_t name_end = query.find('\0', header_octets);
    std::string question = query.substr(header_octets, name_end + 5 - header_octets);
    std::string first(question, 1, 4);
    bool mx = question[question.size() - 3] == 15;
    bool a = question[question.size() - 3] == 1;
    char rcode = first == "fail" ? 2 : first == "gone" ? 3 : 0;
    bool data = rcode == 0 && (mx || a);
    std::string reply = query.substr(0, 2) + '\x81' + static_cast<char>(0x80 | rcode);
    reply += std::string("\0\1\0", 3) + (data ? '\1' : '\0') + std::string(4, '\0') + question;
    if (!data) return reply;
    reply +=
        std::string("\xc0\x0c\0", 3) + (mx ? '\x0f' : '\1') + std::string("\0\1\0\0\1\x2c\0", 7);
    // The host's name ends in a pointer to the question's.
    reply += mx ? std::string("\7\0\x0a\2mx\xc0\x0c", 8) : std::string("\4\xc0\0\2\x35", 5);
    return reply;
  }

  int socket_;
  uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> held_{false};
  std::thread thread_;
};

}  // namespace waypost::dns
