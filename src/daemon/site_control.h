#pragma once

#include <string>

#include <boost/json/object.hpp>

#include "daemon/control.h"
#include "io/disk.h"
#include "queue/queue.h"

namespace waypost::daemon {

// Answers "sites": how each site stands and how the relay as a whole does
// (docs/format/control.md). Thread: the loop's.
class SiteControl {
 public:
  SiteControl(io::Loop& loop, const queue::Queue& queue, io::Disk& disk, std::string spool)
      : loop_(loop), queue_(queue), disk_(disk), spool_(std::move(spool)) {}

  // This outlives the server.
  void answer_at(ControlServer& server);

 private:
  io::Task<void> answer(boost::json::object request, ControlAnswer& answer);
  boost::json::object summary() const;

  io::Loop& loop_;
  const queue::Queue& queue_;
  io::Disk& disk_;
  const std::string spool_;
};

}  // namespace waypost::daemon
