#include "records/event_log.h"

#include <atomic>
#include <mutex>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "io/worker.h"
#include "records/event_writer.h"

namespace waypost::records {
namespace {

// What an event costs while it waits; near enough for a bound on memory.
uint64_t octets_of(const events::Event& event) {
  constexpr uint64_t text_overhead = sizeof(std::string);
  uint64_t octets = sizeof event + event.tenant.size() + event.stream.size() + event.sender.size() +
                    event.login.size() + event.client.size() + event.message_id.size() +
                    event.site.size() + event.peer.host.size() + event.peer.address.size() +
                    event.peer.tls.size() + event.reply.size();
  for (const std::string& recipient : event.recipients) octets += recipient.size() + text_overhead;
  for (const std::string& tag : event.tags) octets += tag.size() + text_overhead;
  for (const auto& [name, value] : event.metadata)
    octets += name.size() + value.size() + 4 * text_overhead;
  return octets;
}

}  // namespace

// Shared by the sinks and the writer thread.
struct EventLog::State {
  State(EventLogOptions chosen, std::unique_ptr<EventWriter> opened,
        std::function<void(const std::string&)> report)
      : options(std::move(chosen)), problem(std::move(report)), writer(std::move(opened)) {
    writer->on_problem([this](const Error& error) { problem("event log: " + error.describe()); });
  }

  bool take_room(uint64_t octets);
  void lost(WallTime at);
  void submit(std::vector<events::Event> events, uint64_t octets);
  void retry();
  void write();
  void tidy();

  const EventLogOptions options;
  const std::function<void(const std::string&)> problem;
  std::atomic<uint64_t> waiting_octets = 0;  // taken by sinks, given back when written
  std::atomic<bool> failing = false;
  std::atomic<bool> retry_submitted = false;
  std::atomic<int> sinks = 0;
  std::atomic<bool> closing = false;
  std::mutex gap_mutex;
  EventGap gap;

  // The writer thread's own.
  std::unique_ptr<EventWriter> writer;
  uint64_t unwritten_octets = 0;
  bool tidying_fails = false;

  std::unique_ptr<io::Worker> worker = std::make_unique<io::Worker>("event-log");
  io::Worker* const thread = worker.get();  // for its own work, which may be the last
};

bool EventLog::State::take_room(uint64_t octets) {
  if (waiting_octets.fetch_add(octets) + octets <= options.waiting_octets_max) return true;
  waiting_octets.fetch_sub(octets);
  return false;
}

void EventLog::State::lost(WallTime at) {
  bool first;
  {
    std::lock_guard lock(gap_mutex);
    first = gap.lost == 0;
    if (first) gap.from = at;
    gap.to = at;
    ++gap.lost;
  }
  if (first) problem("event log: the disk is too slow or refuses; events are being lost");
}

void EventLog::State::submit(std::vector<events::Event> events, uint64_t octets) {
  // std::function wants what can be copied.
  auto batch = std::make_shared<std::vector<events::Event>>(std::move(events));
  worker->submit([this, batch, octets] {
    for (const events::Event& event : *batch) writer->add(event);
    unwritten_octets += octets;
    write();
  });
}

void EventLog::State::retry() {
  if (retry_submitted.exchange(true)) return;
  worker->submit([this] {
    retry_submitted = false;
    write();
  });
}

void EventLog::State::write() {
  Result<void> written = writer->write();
  if (!written) {
    if (!failing.exchange(true))
      problem("event log: " + written.error().describe() + "; events wait in memory");
    return;
  }
  waiting_octets.fetch_sub(std::exchange(unwritten_octets, 0));
  if (failing.exchange(false)) problem("event log: writing works again");
  EventGap over;
  {
    std::lock_guard lock(gap_mutex);
    over = std::exchange(gap, {});
  }
  if (over.lost == 0) return;
  writer->add(over);
  problem(fmt::format("event log: {} events were lost between {} and {}", over.lost,
                      base::to_rfc3339(over.from), base::to_rfc3339(over.to)));
  write();
}

void EventLog::State::tidy() {
  if (closing) return;
  Result<void> tidied = writer->tidy();
  if (!tidied && !tidying_fails) problem("event log: " + tidied.error().describe());
  tidying_fails = !tidied;
  thread->submit_after(options.tidy_every, [this] { tidy(); });
}

class EventLogSink final : public events::Sink {
 public:
  EventLogSink(EventLog::State& state, io::Loop& loop)
      : state_(state), loop_(loop), timer_(loop.timers()) {
    ++state_.sinks;
  }
  ~EventLogSink() override {
    flush();
    --state_.sinks;
  }

  void emit(events::Event event) override {
    event.transcript.reset();  // not for the log, and far larger than what is
    uint64_t octets = octets_of(event);
    if (!state_.take_room(octets)) {
      state_.lost(event.at);
      return;
    }
    waiting_octets_ += octets;
    waiting_.push_back(std::move(event));
    if (waiting_octets_ >= state_.options.flush_octets) flush();
    if (!timer_.pending()) wait(state_.options.flush_every);
  }

 private:
  void wait(Duration duration) {
    timer_.start(loop_.now() + duration, [this] { tick(); });
  }

  // Goes on while anything is unwritten, so that a disk that refused is tried again without new
  // events.
  void tick() {
    flush();
    bool failing = state_.failing;
    if (failing) state_.retry();
    if (state_.waiting_octets > 0)
      wait(failing ? state_.options.retry_every : state_.options.flush_every);
  }

  void flush() {
    if (waiting_.empty()) return;
    state_.submit(std::exchange(waiting_, {}), std::exchange(waiting_octets_, 0));
  }

  EventLog::State& state_;
  io::Loop& loop_;
  io::Timer timer_;
  std::vector<events::Event> waiting_;
  uint64_t waiting_octets_ = 0;
};

EventLog::EventLog(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<EventLog>> EventLog::open(io::Disk& disk, const io::Clock& clock,
                                                 EventLogOptions options,
                                                 std::function<void(const std::string&)> problem) {
  TRY(std::unique_ptr<EventWriter> writer,
      EventWriter::open(
          disk, clock,
          {options.folder, options.file_octets_max, options.keep_files, options.keep}));
  auto state = std::make_unique<State>(std::move(options), std::move(writer), std::move(problem));
  state->worker->submit([own = state.get()] { own->tidy(); });
  return std::unique_ptr<EventLog>(new EventLog(std::move(state)));
}

std::unique_ptr<events::Sink> EventLog::sink(io::Loop& loop) {
  CHECK(!closed_);
  return std::make_unique<EventLogSink>(*state_, loop);
}

// What was told before has been handed to the thread by then, which writes it before it says so.
io::Task<void> EventLog::written(io::Loop& loop) {
  co_await io::sleep_until(loop, loop.now() + state_->options.flush_every);
  co_await io::sleep_until(loop, loop.now());  // behind a sink that is due at the same moment
  std::function<bool()> passed = [] { return true; };
  co_await io::run_on<bool>(*state_->worker, loop, std::move(passed));
}

bool EventLog::failing() const { return state_->failing; }

Result<void> EventLog::close() {
  if (std::exchange(closed_, true)) return {};
  CHECK(state_->sinks == 0);
  state_->closing = true;
  // A last try: also for what an earlier failure left behind, and for the line about a gap.
  state_->worker->submit([state = state_.get()] { state->write(); });
  state_->worker.reset();
  uint64_t left = state_->writer->unwritten_octets();
  if (left > 0)
    return failure(ErrorCode::io_failure,
                   fmt::format("the last {} octets of the event log in {} could not be written",
                               left, state_->options.folder));
  return state_->writer->sync();
}

EventLog::~EventLog() {
  Result<void> closed = close();
  if (!closed) state_->problem("event log: " + closed.error().describe());
}

}  // namespace waypost::records
