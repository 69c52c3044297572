#include "records/recorder.h"

#include <mutex>
#include <thread>

#include "io/asio_loop.h"
#include "records/event_log.h"
#include "records/transcripts.h"
#include "tests/unit/records/records_fixture.h"

namespace waypost::records {
namespace {

using events::EventKind;

class RecorderTest : public testing::Test {
 protected:
  void open(Duration keep_transcripts = 24h) {
    auto problem = [this](const std::string& line) {
      std::lock_guard lock(mutex_);
      said_.push_back(line);
    };
    event_log_ = *EventLog::open(*disk_, clock_, {.folder = places_.events_folder}, problem);
    RecorderOptions options{places_.folder, places_.events_folder};
    options.keep_transcripts = keep_transcripts;
    auto opened = Recorder::open(*disk_, clock_, options, problem);
    ASSERT_TRUE(opened) << opened.error().describe();
    recorder_ = *std::move(opened);
    sink_ = recorder_->sink(event_log_->sink(loop_));
  }
  void close() {
    sink_.reset();
    EXPECT_TRUE(event_log_->close());
    recorder_->close();
  }
  std::vector<Transcript> transcripts(MessageId id) {
    return *read_transcripts(*disk_, places_.folder, id,
                             [](const Error& error) { FAIL() << error.describe(); });
  }

  test::TemporaryFolder folder_;
  RecordPlaces places_{folder_.path(), folder_ / "events"};
  std::unique_ptr<io::Disk> disk_ = io::make_system_disk();
  StoppedClock clock_;
  io::AsioLoop loop_;
  std::unique_ptr<EventLog> event_log_;
  std::unique_ptr<Recorder> recorder_;
  std::unique_ptr<events::Sink> sink_;
  std::mutex mutex_;
  std::vector<std::string> said_;
};

TEST_F(RecorderTest, has_all_in_the_records_when_it_is_closed) {
  open();
  for (int i = 0; i < 500; ++i) sink_->emit(accepted_of(i, day_one, {"ann@example.net"}));
  close();
  Ledger ledger = *read_ledger(*disk_, places_);
  EXPECT_EQ(ledger.total().queued, 500u);
  EXPECT_EQ(ledger.unread_events, 0u);
  EXPECT_TRUE(said_.empty()) << said_.front();
}

TEST_F(RecorderTest, keeps_transcripts_apart_from_the_log) {
  open();
  events::Event accepted = accepted_of(1, day_one, {"ann@example.net"});
  events::Event outcome = outcome_of(accepted, EventKind::delivered, "ann@example.net");
  outcome.transcript = std::make_shared<const std::string>("S: 220 hello\nC: EHLO relay\n");
  sink_->emit(accepted);
  sink_->emit(outcome);
  close();
  auto found = transcripts(*accepted.message);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(*found[0].text, "S: 220 hello\nC: EHLO relay\n");
  EXPECT_EQ(found[0].recipients, outcome.recipients);
  std::string log = *disk_->read_file(
      places_.events_folder + "/" + list_event_files(*disk_, places_.events_folder)->front().name(),
      1 << 20);
  EXPECT_EQ(log.find("EHLO relay"), std::string::npos);
}

TEST_F(RecorderTest, removes_transcripts_before_the_rest) {
  clock_.set(day_one + 24h * 5);
  events::Event old = accepted_of(1, day_one, {"ann@example.net"});
  events::Event fresh = accepted_of(2, day_one + 24h * 5, {"bob@example.net"});
  for (const events::Event& event : {old, fresh}) {
    TranscriptWriter writer(places_.folder);
    Transcript transcript{*event.message, event.recipients, 1, event.at,
                          std::make_shared<const std::string>("said")};
    ASSERT_TRUE(writer.write(day_of(event.at), std::span(&transcript, 1)));
  }
  open();
  // Its thread does it when it first comes to it; one that is to end comes to nothing more.
  const auto give_up_at = std::chrono::steady_clock::now() + 30s;
  while (!transcripts(*old.message).empty() && std::chrono::steady_clock::now() < give_up_at)
    std::this_thread::sleep_for(1ms);
  close();
  EXPECT_TRUE(transcripts(*old.message).empty());
  EXPECT_EQ(transcripts(*fresh.message).size(), 1u);
}

TEST_F(RecorderTest, leaves_nothing_where_no_records_are_wanted) {
  open();
  events::Event accepted = accepted_of(1, day_one, {"ann@example.net"});
  accepted.transcript = std::make_shared<const std::string>("said");
  sink_->emit(accepted);
  close();
  std::string damaged = day_path(places_.folder, day_of(day_one), day_file_suffix) + ".damaged";
  ASSERT_TRUE(disk_->write_file(damaged, "x", 0600));
  ASSERT_TRUE(disk_->write_file(folder_ / "keys.db", "x", 0600));
  ASSERT_TRUE(remove_all_days(*disk_, places_.folder));
  EXPECT_THAT(*disk_->list(places_.folder), testing::UnorderedElementsAre("events", "keys.db"));
}

TEST_F(RecorderTest, keeps_no_transcripts_when_none_are_wanted) {
  open(0s);
  events::Event accepted = accepted_of(1, day_one, {"ann@example.net"});
  accepted.transcript = std::make_shared<const std::string>("said");
  sink_->emit(accepted);
  close();
  EXPECT_TRUE(list_days(*disk_, places_.folder, transcript_file_suffix)->empty());
}

TEST(TranscriptQueue, drops_what_would_not_fit_in_memory_and_says_how_many) {
  TranscriptQueue queue;
  auto text = std::make_shared<const std::string>(10 << 20, 'x');
  for (int i = 0; i < 5; ++i) queue.add({id_of(i), {"ann@example.net"}, 1, day_one, text});
  EXPECT_EQ(queue.take_dropped(), 2u);
  auto taken = queue.take();
  EXPECT_EQ(taken.size(), 3u);
  queue.add({id_of(9), {"ann@example.net"}, 1, day_one, text});
  EXPECT_EQ(queue.take_dropped(), 1u);  // what was taken has its room until it is written
  queue.dispose(taken);
  queue.add({id_of(9), {"ann@example.net"}, 1, day_one, text});
  EXPECT_EQ(queue.take_dropped(), 0u);
}

}  // namespace
}  // namespace waypost::records
