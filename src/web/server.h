#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <unordered_set>
#include <utility>

#include "base/ip_address.h"
#include "io/loop.h"
#include "io/network.h"
#include "io/task_group.h"
#include "web/message.h"
#include "web/router.h"

namespace waypost::web {

struct Settings {
  // Beyond it a new one takes the place of one that has no whole header yet: of the address with
  // most of these the one that has waited longest. Where all are being answered, it is dropped.
  size_t connections_max = 100;
  uint32_t header_octets_max = 16 * 1024;  // request line and fields together
  // All bodies together that come in or are being answered.
  uint64_t bodies_octets_max = 256ull << 20;
  unsigned requests_per_connection_max = 1000;
  // For the header of a request to come in, from the first octet or the answer before.
  Duration request_timeout = std::chrono::seconds(15);
  // For its body, where it has one.
  Duration body_timeout = std::chrono::seconds(60);
  // For a client to take each 256 KiB of an answer, or a piece of one that is streamed.
  Duration response_timeout = std::chrono::seconds(15);
  // What still comes of a body that was refused is read and dropped for so long, as long as it does
  // not pause: many clients look for the answer only when they have sent all.
  Duration drop_timeout = std::chrono::seconds(30);
  Duration drop_pause = std::chrono::seconds(2);
};

// HTTP/1.1 (RFC 9112) on the loop: parses by Boost.Beast, within limits, one request at a time on
// each connection. A body is read only once its route's guard has seen the header, and up to the
// route's limit. Destroying it drops everything. Thread: the loop's.
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
  bool make_room();
  io::Task<bool> serve_one(io::Stream& stream, std::string& buffered, bool is_last);
  // One request as it is read.
  struct Reading;
  io::Task<bool> read(io::Stream& stream, Reading& reading, Instant deadline);
  io::Task<void> read_body(io::Stream& stream, Reading& reading);
  io::Task<void> drop_rest(io::Stream& stream, Reading& reading);
  io::Task<bool> send(io::Stream& stream, const Response& response, bool keep_alive,
                      bool with_body);

  io::Loop& loop_;
  std::unique_ptr<io::Listener> listener_;
  Router router_;
  Settings settings_;
  std::unordered_set<io::Stream*> open_;
  // Of these, those without a whole header, the longest first, and from where.
  std::list<std::pair<io::Stream*, IpAddress>> waiting_;
  uint64_t bodies_octets_ = 0;
  bool stopping_ = false;
  io::TaskGroup tasks_;  // last: what runs uses all of the above
};

}  // namespace waypost::web
