#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/loop.h"
#include "io/network.h"
#include "io/task_group.h"
#include "queue/queue.h"

namespace waypost::daemon {

// How the commands beside the relay ask it what it does: a local socket that only its owner may
// open. One request, a line of JSON, gets lines of JSON and the end of the connection
// (docs/format/control.md). Thread: the loop's.
class ControlServer {
 public:
  ControlServer(io::Loop& loop, std::unique_ptr<io::Listener> listener, const queue::Queue& queue);
  ~ControlServer();

  // Who answers that command: lines of JSON. Before start().
  using Handler = std::function<io::Task<std::string>()>;
  void on(std::string command, Handler handler);

  void start();
  // Takes no more requests and drops those that run.
  io::Task<void> stop();

 private:
  io::Task<void> accept();
  io::Task<void> serve(std::unique_ptr<io::Stream> stream);
  io::Task<Result<std::string>> read_request(io::Stream& stream, Instant deadline);
  io::Task<std::string> respond(std::string request);
  std::string answer(std::string_view request) const;

  io::Loop& loop_;
  std::unique_ptr<io::Listener> listener_;
  const queue::Queue& queue_;
  std::map<std::string, Handler, std::less<>> handlers_;
  std::vector<io::Stream*> open_;
  io::TaskGroup tasks_;
};

}  // namespace waypost::daemon
