#pragma once

#include <functional>
#include <string>

#include <boost/json/object.hpp>

#include "daemon/control.h"
#include "io/disk.h"
#include "io/worker.h"
#include "queue/queue.h"

namespace waypost::daemon {

// The limits that people set for sites: answers the requests limit, unlimit and limits, and keeps
// them over restarts. Thread: the loop's.
class LimitControl {
 public:
  struct Services {
    io::Loop& loop;
    queue::Queue& queue;
    io::Worker& worker;  // writes the file
    io::Disk& disk;
    // A line for the log: who limited what, or lifted it.
    std::function<void(const std::string&)> told;
  };
  LimitControl(Services services, std::string file);

  // Before mail is restored. Blocks; what is wrong with the file, or empty.
  std::string restore();

  // Replaces the one of the same site, and keeps it over restarts. Fails where it cannot be kept,
  // but it holds then as well; with resource_exhausted, where there are too many, it does not.
  io::Task<Result<void>> limit(queue::AskedLimit limit);
  // Whether there was one.
  io::Task<Result<bool>> lift(std::string site, std::string by);

  // This outlives the server.
  void answer_at(ControlServer& server);

 private:
  io::Task<void> answer_limit(boost::json::object request, ControlAnswer& answer);
  io::Task<void> answer_lift(boost::json::object request, ControlAnswer& answer);
  io::Task<void> answer_list(boost::json::object request, ControlAnswer& answer);
  io::Task<Result<void>> keep();

  Services services_;
  std::string file_;
};

}  // namespace waypost::daemon
