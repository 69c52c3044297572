#pragma once

#include <functional>
#include <string>

#include <boost/json/object.hpp>

#include "daemon/control.h"
#include "io/disk.h"
#include "io/worker.h"
#include "queue/queue.h"

namespace waypost::daemon {

// What people ask of the queue, and do with it: answers the requests queue.ls, queue.show,
// queue.act, pause, resume, pauses and ledger. Keeps the pauses over restarts. Thread: the loop's.
class QueueControl {
 public:
  struct Services {
    io::Loop& loop;
    queue::Queue& queue;
    io::Worker& worker;  // writes the file
    io::Disk& disk;
    // What the doctor found at the site of one that waits, in a sentence; empty for nothing.
    std::function<std::string(const queue::Standing&)> diagnosis;
    // A line for the log: who paused or resumed what.
    std::function<void(const std::string&)> told;
  };
  QueueControl(Services services, std::string pause_file);

  // Before mail is restored. Blocks; what is wrong with the file, or empty.
  std::string restore_pauses();

  // Replaces one of the same scope, and keeps it over restarts. Fails where it cannot be kept, but
  // it holds then as well; with resource_exhausted, where there are too many, it does not.
  io::Task<Result<void>> pause(queue::Pause pause);
  // Whether there was one of exactly that scope.
  io::Task<Result<bool>> resume(queue::Scope scope, std::string by);

  // This outlives the server.
  void answer_at(ControlServer& server);

 private:
  io::Task<void> list(boost::json::object request, ControlAnswer& answer);
  io::Task<void> show(boost::json::object request, ControlAnswer& answer);
  io::Task<void> act(boost::json::object request, ControlAnswer& answer);
  io::Task<void> answer_pause(boost::json::object request, ControlAnswer& answer);
  io::Task<void> answer_resume(boost::json::object request, ControlAnswer& answer);
  io::Task<void> pauses(boost::json::object request, ControlAnswer& answer);
  io::Task<void> ledger(boost::json::object request, ControlAnswer& answer);
  io::Task<Result<void>> keep_pauses();
  std::string end_of_list(bool complete) const;
  std::string line_of(const queue::Standing& standing) const;

  Services services_;
  std::string pause_file_;
};

}  // namespace waypost::daemon
