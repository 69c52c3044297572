#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "events/event.h"
#include "io/clock.h"
#include "io/disk.h"
#include "io/loop.h"
#include "io/task.h"

namespace waypost::records {

struct EventLogOptions {
  std::string folder;
  uint64_t file_octets_max = 256ULL << 20;
  size_t keep_files = 20;                       // the newest, with the one that is written
  Duration keep = std::chrono::hours(24 * 30);  // a file goes when all in it is older

  // An event is handed to the disk this long after it happened, or when so much waits.
  Duration flush_every = std::chrono::milliseconds(100);
  uint64_t flush_octets = 256 << 10;
  // What may wait in memory, all shards together, while the disk does not take it.
  uint64_t waiting_octets_max = 64 << 20;
  // How often a disk that refused is tried again.
  Duration retry_every = std::chrono::seconds(1);
  // How often what is too old is looked for.
  Duration tidy_every = std::chrono::hours(1);
};

// Events as lines of JSON in files (docs/format/events.md). One writer thread serves all shards:
// a shard's sink only moves the event, and turning it into JSON is the thread's work.
//
// Mail never waits for the log. While the disk refuses, events wait in memory; when that is full,
// new ones are dropped, and once it works again a "log_gap" line says how many and from when on.
// One that the end of the process left unwritten is told by the next open(), as at least one.
//
// Limits: events of one shard are in order; those of two shards may be a flush apart. A crash of
// the process loses what was not flushed. Files are synced when they are full and at the end, so a
// power cut loses what the kernel had not written; the spool is the truth about mail.
class EventLog {
 public:
  // Makes the folder (0750) when it is new, and opens a file in it. Blocks. `problem` is told once
  // when writing begins to fail, once when events begin to be lost and once when it works again: a
  // line for the program log, from any thread; it must not emit events. `disk` and `clock` outlive
  // the log and serve any thread.
  static Result<std::unique_ptr<EventLog>> open(io::Disk& disk, const io::Clock& clock,
                                                EventLogOptions options,
                                                std::function<void(const std::string&)> problem);
  // As close(), with what comes back told to `problem`.
  ~EventLog();

  // For one shard: used and destroyed on `loop`'s thread, before the log and the loop.
  std::unique_ptr<events::Sink> sink(io::Loop& loop);

  // Suspends until what a sink of this loop was told before stands in its file, which it then does
  // unless the disk refuses it: a crash of the process no longer loses it. Before close().
  io::Task<void> written(io::Loop& loop);

  // Whether the disk refuses events now. Any thread.
  bool failing() const;

  // Writes and syncs all that was emitted; blocks. Every sink must be gone. Fails when something
  // had to be left out. Nothing may be called after it.
  Result<void> close();

 private:
  friend class EventLogSink;
  struct State;
  explicit EventLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
  bool closed_ = false;
};

}  // namespace waypost::records
