#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "io/loop.h"
#include "io/network.h"
#include "io/task_group.h"

namespace waypost::daemon {

// Where the answer to one request goes.
class ControlAnswer {
 public:
  ControlAnswer(io::Loop& loop, io::Stream& stream) : loop_(loop), stream_(stream) {}

  // Suspends until a slow client has taken it; false when it went away and has no use for the rest.
  io::Task<bool> write(std::string lines);
  io::Task<void> write_object(boost::json::object object);
  io::Task<void> refuse(std::string why);
  // Until the client closes the connection, or the relay stops; at the latest until `deadline`.
  io::Task<void> wait_until_gone(Instant deadline);

 private:
  io::Loop& loop_;
  io::Stream& stream_;
};

// How the commands beside the relay ask it what it does, and tell it what to do: a local socket
// that only its owner may open. One request, a line of JSON, gets lines of JSON and the end of the
// connection (docs/format/control.md). Thread: the loop's.
class ControlServer {
 public:
  ControlServer(io::Loop& loop, std::unique_ptr<io::Listener> listener);
  ~ControlServer();

  // Who answers that command. Before start().
  using Handler = std::function<io::Task<void>(boost::json::object request, ControlAnswer& answer)>;
  void on(std::string command, Handler handler);

  void start();
  // Takes no more requests and drops the clients; what they asked for is finished.
  io::Task<void> stop();

 private:
  io::Task<void> accept();
  io::Task<void> serve(std::unique_ptr<io::Stream> stream);
  io::Task<Result<std::string>> read_request(io::Stream& stream, Instant deadline);
  io::Task<void> respond(std::string request, ControlAnswer& answer);

  io::Loop& loop_;
  std::unique_ptr<io::Listener> listener_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<io::Stream*> open_;
  io::TaskGroup tasks_;
};

}  // namespace waypost::daemon
