#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "events/event.h"
#include "io/clock.h"
#include "io/disk.h"

namespace waypost::records {

struct RecorderOptions {
  std::string folder;         // of the days' files
  std::string events_folder;  // the event log, which was opened before
  Duration keep = std::chrono::hours(24 * 30);
  Duration keep_transcripts = std::chrono::hours(24 * 7);  // 0: none are written

  // How long what is in the log may wait until it is in the records.
  Duration every = std::chrono::milliseconds(250);
  Duration retry_every = std::chrono::seconds(5);
};

// Keeps the searchable records (docs/format/records.md), on a thread of its own beside the mail:
// it reads the event log as it grows, and never does the mail or the log wait for it. Whatever
// fails is tried again, and what happened meanwhile is taken from the log afterwards.
//
// Transcripts are no part of the log: they come through the sink and wait in memory, 32 MiB at
// most; more are dropped, and a crash loses those of the last moment.
class Recorder {
 public:
  // Makes the folder (0750) when it is new. Before any event of this process is emitted. `problem`
  // gets lines for the program log, from the recorder's thread: once when writing begins to fail
  // and once when it works again. `disk` and `clock` outlive the recorder and serve any thread.
  static Result<std::unique_ptr<Recorder>> open(io::Disk& disk, const io::Clock& clock,
                                                RecorderOptions options,
                                                std::function<void(const std::string&)> problem);
  // As close().
  ~Recorder();

  // For one shard: keeps the transcripts of the events and passes the events on. Destroyed before
  // the recorder.
  std::unique_ptr<events::Sink> sink(std::unique_ptr<events::Sink> next);

  // Takes what the log still holds, for two seconds at most: the next start goes on. Blocks. The
  // log is closed before, and nothing is called afterwards.
  void close();

 private:
  struct State;
  explicit Recorder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace waypost::records
