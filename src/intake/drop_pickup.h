#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "intake/drop_commands.h"
#include "intake/intake.h"
#include "io/drop_folder.h"
#include "io/loop.h"
#include "io/task_group.h"
#include "io/timer.h"
#include "io/worker.h"
#include "smtp/data.h"

namespace waypost::intake {

// Takes in what was left in the drop folder, each message once: a file is named by the id that its
// message will have, or gets a new name before the commit where that id tells of another time than
// now, since the id says on which day the records have the message. It is removed after the commit
// and before the queue has the message, and a start removes the files of messages that the spool
// holds already. Thread: the loop's.
class DropPickup {
 public:
  struct Services {
    io::Loop& loop;
    Intake& intake;
    io::Worker& worker;  // for the files; shared with others, outlives it
    // A line for the log: a file that is refused, or that cannot be taken.
    std::function<void(const std::string&)> trouble;
  };
  DropPickup(Services services, std::string folder);

  // Before start(), once the spool was recovered: makes the folders, removes what somebody began to
  // leave a day ago, and the files of messages for which `is_stored`, which is asked later too.
  // Blocks.
  Result<void> prepare(const std::string& group, std::function<bool(const MessageId&)> is_stored);
  // Looks at once, then again and again.
  void start();
  // Returns when the message that is being taken, if any, is committed or left for the next start.
  io::Task<void> stop();

 private:
  enum class End { taken, later, refused };

  io::Task<void> look();
  io::Task<void> take(std::string name);
  MessageId id_for(MessageId named) const;
  io::Task<End> take_in(std::string& name, MessageId id, std::string& why);
  io::Task<End> feed(Arrival& arrival, io::FoundFile& file, uint64_t offset, std::string& why);
  io::Task<End> finish(Arrival& arrival, std::string& name, MessageId id, std::string& why);
  io::Task<void> forget(std::string name);
  void report_refused(MessageId id, const Submitter& submitter, const std::string& why);
  template <class T>
  io::Task<Result<T>> on_worker(std::function<Result<T>()> work);

  Services services_;
  io::DropFolder folder_;
  std::function<bool(const MessageId&)> is_stored_;
  // What was taken, or could not be removed: never looked at again by this process.
  std::set<std::string> done_;
  io::Timer timer_;
  bool unreadable_ = false;  // and the log was told
  bool told_later_ = false;  // that something could not be taken yet, since the last that was
  bool stopping_ = false;
  io::TaskGroup tasks_;
};

}  // namespace waypost::intake
