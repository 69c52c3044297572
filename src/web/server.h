#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_set>

#include "io/loop.h"
#include "io/network.h"
#include "io/task_group.h"
#include "web/router.h"

namespace waypost::web {

struct Settings {
  size_t connections_max = 100;
  uint32_t header_octets_max = 16 * 1024;  // request line and fields together
  uint64_t body_octets_max = 0;            // 0: a request has none
  unsigned requests_per_connection_max = 1000;
  // For a whole request to come in, from the first octet or the answer before.
  Duration request_timeout = std::chrono::seconds(15);
  Duration response_timeout = std::chrono::seconds(15);
};

// HTTP/1.1 (RFC 9112) on the loop: parses by Boost.Beast, within limits, one request at a time on
// each connection. Destroying it drops everything. Thread: the loop's.
class Server {
 public:
  Server(io::Loop& loop, std::unique_ptr<io::Listener> listener, Router router,
         Settings settings = {});

  void start();
  // Takes no more requests; those that are being answered get their answer until `deadline`.
  io::Task<void> stop(Instant deadline);

  Endpoint local() const { return listener_->local(); }

 private:
  io::Task<void> accept();
  io::Task<void> serve(std::unique_ptr<io::Stream> stream);
  io::Task<bool> serve_one(io::Stream& stream, std::string& buffered, bool is_last);

  io::Loop& loop_;
  std::unique_ptr<io::Listener> listener_;
  Router router_;
  Settings settings_;
  std::unordered_set<io::Stream*> open_;
  bool stopping_ = false;
  io::TaskGroup tasks_;  // last: what runs uses all of the above
};

}  // namespace waypost::web
