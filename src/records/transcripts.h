#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/message_id.h"
#include "base/result.h"
#include "base/time.h"
#include "io/disk.h"
#include "records/days.h"
#include "records/sqlite.h"

namespace waypost::records {

// What both sides said in one attempt, for the recipients that it was about.
struct Transcript {
  MessageId message;
  std::vector<std::string> recipients;
  uint32_t attempt = 0;
  WallTime at;
  std::shared_ptr<const std::string> text;
};

// Transcripts on their way to the disk. Any thread; never blocks on the disk.
class TranscriptQueue {
 public:
  // Drops it, and counts that, when so much waits already.
  void add(Transcript transcript);
  // All that wait; their room is taken until give_back() or dispose().
  std::vector<Transcript> take();
  // Those that could not be written, to be taken again.
  void give_back(std::vector<Transcript> transcripts);
  void dispose(std::span<const Transcript> transcripts);
  // How many were dropped since the last call.
  uint64_t take_dropped();

  static constexpr uint64_t waiting_octets_max = 32 << 20;

 private:
  std::mutex mutex_;
  std::vector<Transcript> waiting_;
  uint64_t octets_ = 0;
  uint64_t dropped_ = 0;
};

// Writes transcripts into the file of the day of the attempt, apart from the other records, so that
// they can go earlier. One thread; every call blocks.
class TranscriptWriter {
 public:
  explicit TranscriptWriter(std::string folder) : folder_(std::move(folder)) {}

  // All of them in one transaction, in the file of `day`, which is made (0640) when it is new.
  Result<void> write(Day day, std::span<const Transcript> transcripts);
  void close() { database_.reset(); }

 private:
  std::string folder_;
  Day day_;
  std::optional<Database> database_;  // of day_
};

// The transcripts of a message, in the order of time. Files that cannot be read are told to
// `problem`. Blocks.
Result<std::vector<Transcript>> read_transcripts(io::Disk& disk, const std::string& folder,
                                                 MessageId message,
                                                 const std::function<void(const Error&)>& problem);

}  // namespace waypost::records
