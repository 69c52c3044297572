#include "records/recorder.h"

#include <atomic>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/worker.h"
#include "records/feeder.h"
#include "records/transcripts.h"

namespace waypost::records {
namespace {

constexpr unsigned folder_mode = 0750;
constexpr Duration retention_every = std::chrono::minutes(10);
constexpr Duration last_work_max = std::chrono::seconds(2);

}  // namespace

struct Recorder::State {
  State(io::Disk& the_disk, const io::Clock& the_clock, RecorderOptions chosen, LogPosition log_end,
        std::function<void(const std::string&)> report)
      : disk(the_disk),
        clock(the_clock),
        options(std::move(chosen)),
        problem(std::move(report)),
        feeder(disk, {options.folder, options.events_folder, options.keep}, log_end, problem),
        transcript_writer(options.folder) {}

  void tick();
  bool feed();
  void write_transcripts();
  void write_transcripts_of(Day day, std::vector<Transcript> transcripts);
  void remove_expired();
  Result<void> remove_expired_transcripts(WallTime now);
  void finish();
  void note(bool& failing, std::string_view what, const Result<void>& done);

  io::Disk& disk;
  const io::Clock& clock;
  const RecorderOptions options;
  const std::function<void(const std::string&)> problem;
  std::atomic<bool> stopping = false;
  TranscriptQueue transcripts;

  // The thread's own.
  Feeder feeder;
  TranscriptWriter transcript_writer;
  bool feed_fails = false;
  bool transcripts_fail = false;
  bool retention_fails = false;
  std::optional<Instant> retention_at;

  io::Worker worker{"records"};  // ends before all that it uses
};

// A line when it begins and one when it is over.
void Recorder::State::note(bool& failing, std::string_view what, const Result<void>& done) {
  bool failed = !done;
  if (std::exchange(failing, failed) == failed) return;
  if (failed)
    problem(fmt::format("records: {}: {}; mail goes on, and this is tried again", what,
                        done.error().describe()));
  else
    problem(fmt::format("records: {} works again", what));
}

void Recorder::State::tick() {
  if (stopping) return;
  bool more = feed();
  write_transcripts();
  if (!retention_at || clock.now() >= *retention_at) remove_expired();
  if (more)
    worker.submit([this] { tick(); });
  else
    worker.submit_after(feed_fails ? options.retry_every : options.every, [this] { tick(); });
}

// Whether there may be more to take at once.
bool Recorder::State::feed() {
  Result<bool> fed = feeder.step(clock.wall_now());
  note(feed_fails, "reading the event log into them",
       fed ? Result<void>() : Result<void>(failure(fed.error())));
  return fed && *fed;
}

void Recorder::State::write_transcripts() {
  std::map<Day, std::vector<Transcript>> by_day;
  for (Transcript& transcript : transcripts.take())
    by_day[day_of(transcript.at)].push_back(std::move(transcript));
  for (auto& [day, of_day] : by_day) write_transcripts_of(day, std::move(of_day));
  if (uint64_t dropped = transcripts.take_dropped(); dropped > 0)
    problem(fmt::format("records: {} transcripts were dropped, since too many waited", dropped));
}

void Recorder::State::write_transcripts_of(Day day, std::vector<Transcript> of_day) {
  Result<void> written = transcript_writer.write(day, of_day);
  bool damaged = !written && written.error().code() == ErrorCode::corrupt;
  if (damaged) {
    transcript_writer.close();
    (void)set_day_aside(disk, options.folder, day, transcript_file_suffix);
  }
  note(transcripts_fail, "writing transcripts", written);
  if (written)
    transcripts.dispose(of_day);
  else
    transcripts.give_back(std::move(of_day));
}

void Recorder::State::remove_expired() {
  retention_at = clock.now() + retention_every;
  WallTime now = clock.wall_now();
  Result<void> removed = feeder.remove_expired(now);
  if (removed) removed = remove_expired_transcripts(now);
  note(retention_fails, "removing old files", removed);
}

Result<void> Recorder::State::remove_expired_transcripts(WallTime now) {
  std::string damaged = std::string(transcript_file_suffix) + std::string(damaged_suffix);
  for (const std::string& suffix : {std::string(transcript_file_suffix), damaged}) {
    TRY(std::vector<Day> days, list_days(disk, options.folder, suffix));
    for (Day day : days) {
      if (WallTime(day + std::chrono::days(1)) + options.keep_transcripts > now) continue;
      transcript_writer.close();
      TRY_VOID(remove_day(disk, options.folder, day, suffix));
    }
  }
  return {};
}

void Recorder::State::finish() {
  Instant end = clock.now() + last_work_max;
  while (feed() && clock.now() < end) continue;
  write_transcripts();
}

namespace {

class RecordingSink final : public events::Sink {
 public:
  RecordingSink(TranscriptQueue& transcripts, bool keeps, std::unique_ptr<events::Sink> next)
      : transcripts_(transcripts), keeps_(keeps), next_(std::move(next)) {}

  void emit(events::Event event) override {
    auto text = std::exchange(event.transcript, nullptr);
    if (keeps_ && text && event.message)
      transcripts_.add(
          {*event.message, event.recipients, event.attempt, event.at, std::move(text)});
    next_->emit(std::move(event));
  }

 private:
  TranscriptQueue& transcripts_;
  bool keeps_;
  std::unique_ptr<events::Sink> next_;
};

}  // namespace

Recorder::Recorder(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Recorder>> Recorder::open(io::Disk& disk, const io::Clock& clock,
                                                 RecorderOptions options,
                                                 std::function<void(const std::string&)> problem) {
  TRY_VOID(disk.make_folders(options.folder, folder_mode));
  TRY(LogPosition log_end, end_of_log(disk, options.events_folder));
  auto state =
      std::make_unique<State>(disk, clock, std::move(options), log_end, std::move(problem));
  state->worker.submit([state = state.get()] { state->tick(); });
  return std::unique_ptr<Recorder>(new Recorder(std::move(state)));
}

Recorder::~Recorder() { close(); }

std::unique_ptr<events::Sink> Recorder::sink(std::unique_ptr<events::Sink> next) {
  return std::make_unique<RecordingSink>(
      state_->transcripts, state_->options.keep_transcripts > Duration::zero(), std::move(next));
}

void Recorder::close() {
  if (!state_) return;
  state_->stopping = true;
  state_->worker.submit([state = state_.get()] { state->finish(); });
  state_.reset();
}

}  // namespace waypost::records
