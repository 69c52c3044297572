#include "records/transcripts.h"

#include <algorithm>
#include <array>
#include <utility>

namespace waypost::records {
namespace {

constexpr std::array<const char*, 1> migrations{R"sql(
CREATE TABLE transcripts (number INTEGER PRIMARY KEY, at INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TABLE attempts (
  id BLOB NOT NULL,
  recipient TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  transcript INTEGER NOT NULL REFERENCES transcripts);
CREATE INDEX attempts_by_id ON attempts (id);
)sql"};

uint64_t octets_of(const Transcript& transcript) {
  uint64_t octets = sizeof transcript + transcript.text->size();
  for (const std::string& recipient : transcript.recipients)
    octets += sizeof recipient + recipient.size();
  return octets;
}

Result<void> insert_all(Database& database, std::span<const Transcript> transcripts) {
  TRY(Statement text, database.prepare("INSERT INTO transcripts (at, text) VALUES (?1, ?2)"));
  TRY(Statement attempt,
      database.prepare("INSERT INTO attempts (id, recipient, attempt, transcript) "
                       "VALUES (?1, ?2, ?3, ?4)"));
  const std::string* last_text = nullptr;
  int64_t number = 0;
  for (const Transcript& transcript : transcripts) {
    // The recipients of one attempt share what was said.
    if (transcript.text.get() != last_text) {
      text.bind(1, transcript.at.time_since_epoch().count()).bind(2, *transcript.text);
      TRY_VOID(text.run());
      number = database.last_row();
      last_text = transcript.text.get();
    }
    for (const std::string& recipient : transcript.recipients) {
      attempt.bind_blob(1, transcript.message.raw()).bind(2, recipient);
      attempt.bind(3, transcript.attempt).bind(4, number);
      TRY_VOID(attempt.run());
    }
  }
  return {};
}

Result<void> read_day(const std::string& path, MessageId message, std::vector<Transcript>& found) {
  TRY(Database database, Database::open_read_only(path));
  TRY(int64_t version, database.schema_version());
  if (version == 0) return {};
  TRY(Statement select,
      database.prepare("SELECT recipient, attempt, at, text FROM attempts JOIN transcripts "
                       "ON transcripts.number = transcript WHERE id = ?1 ORDER BY attempts.rowid"));
  select.bind_blob(1, message.raw());
  while (true) {
    TRY(bool row, select.step());
    if (!row) return {};
    found.push_back({message,
                     {std::string(select.text(0))},
                     static_cast<uint32_t>(select.integer(1)),
                     WallTime(std::chrono::microseconds(select.integer(2))),
                     std::make_shared<const std::string>(select.text(3))});
  }
}

}  // namespace

void TranscriptQueue::add(Transcript transcript) {
  uint64_t octets = octets_of(transcript);
  std::lock_guard lock(mutex_);
  if (octets_ + octets > waiting_octets_max) {
    ++dropped_;
    return;
  }
  octets_ += octets;
  waiting_.push_back(std::move(transcript));
}

std::vector<Transcript> TranscriptQueue::take() {
  std::lock_guard lock(mutex_);
  return std::exchange(waiting_, {});
}

void TranscriptQueue::give_back(std::vector<Transcript> transcripts) {
  std::lock_guard lock(mutex_);
  std::move(waiting_.begin(), waiting_.end(), std::back_inserter(transcripts));
  waiting_ = std::move(transcripts);
}

void TranscriptQueue::dispose(std::span<const Transcript> transcripts) {
  uint64_t octets = 0;
  for (const Transcript& transcript : transcripts) octets += octets_of(transcript);
  std::lock_guard lock(mutex_);
  octets_ -= octets;
}

uint64_t TranscriptQueue::take_dropped() {
  std::lock_guard lock(mutex_);
  return std::exchange(dropped_, 0);
}

Result<void> TranscriptWriter::write(Day day, std::span<const Transcript> transcripts) {
  if (!database_ || day_ != day) {
    database_.reset();
    DatabaseOptions options;
    options.file_mode = 0640;
    options.sync_every_commit = false;
    TRY(Database opened, Database::open(day_path(folder_, day, transcript_file_suffix), options));
    TRY_VOID(opened.migrate(migrations));
    database_.emplace(std::move(opened));
    day_ = day;
  }
  TRY(Transaction batch, Transaction::begin(*database_));
  TRY_VOID(insert_all(*database_, transcripts));
  return batch.commit();
}

Result<std::vector<Transcript>> read_transcripts(io::Disk& disk, const std::string& folder,
                                                 MessageId message,
                                                 const std::function<void(const Error&)>& problem) {
  TRY(std::vector<Day> days, list_days(disk, folder, transcript_file_suffix));
  std::vector<Transcript> found;
  for (Day day : days) {
    if (day < day_of(message.accepted_at())) continue;
    const std::string file = day_path(folder, day, transcript_file_suffix);
    Result<void> read = read_day(file, message, found);
    // One whose time was over may go while it is opened.
    if (!read && disk.exists(file)) problem(read.error());
  }
  return found;
}

}  // namespace waypost::records
