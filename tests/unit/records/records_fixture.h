#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "records/day_file.h"
#include "records/feeder.h"
#include "records/ledger.h"
#include "records/search.h"
#include "tests/unit/records/event_files_fixture.h"

// A folder of records that is fed from an event log.
namespace waypost::records {

inline events::Event accepted_of(int number, WallTime at, std::vector<std::string> recipients) {
  events::Event event;
  event.kind = events::EventKind::accepted;
  event.at = at;
  event.message = id_of(number, at);
  event.sender = "app@example.com";
  event.recipients = std::move(recipients);
  event.message_id = "<m" + std::to_string(number) + "@example.com>";
  event.session = "s" + std::to_string(number / 10);
  event.size_octets = 1000;
  return event;
}

inline events::Event outcome_of(const events::Event& accepted, events::EventKind kind,
                                const std::string& recipient) {
  events::Event event;
  event.kind = kind;
  event.at = accepted.at + 1s;
  event.message = accepted.message;
  event.sender = accepted.sender;
  event.recipients = {recipient};
  event.attempt = 1;
  event.peer.host = "mx.example.net";
  event.reply = "250 2.0.0 Ok";
  if (kind != events::EventKind::delivered) event.cause.reply_class = "mailbox-full";
  return event;
}

class RecordsTest : public testing::Test {
 protected:
  RecordsTest() {
    EXPECT_TRUE(disk_.make_folders(places_.events_folder, 0700));
    restart_log();
  }

  void restart_log() {
    writer_.reset();
    auto opened = EventWriter::open(disk_, clock_, {places_.events_folder, file_octets_max_, 100});
    ASSERT_TRUE(opened) << opened.error().describe();
    writer_ = *std::move(opened);
  }
  void log(const events::Event& event) {
    writer_->add(event);
    ASSERT_TRUE(writer_->write());
  }

  // As a process that starts now.
  std::unique_ptr<Feeder> start_feeder(uint64_t batch_octets_max) {
    FeederOptions options{places_.folder, places_.events_folder, keep_, batch_octets_max};
    return std::make_unique<Feeder>(disk_, options, *end_of_log(disk_, places_.events_folder),
                                    [this](const std::string& line) { said_.push_back(line); });
  }
  std::unique_ptr<Feeder> start_feeder() { return start_feeder(batch_octets_max_); }
  void feed(Feeder& feeder) {
    while (true) {
      Result<bool> more = feeder.step(clock_.wall_now());
      ASSERT_TRUE(more) << more.error().describe();
      if (!*more) return;
    }
  }
  void feed_all() { feed(*start_feeder()); }

  Found find(const Search& wanted) {
    Result<Found> found = search(disk_, places_, wanted);
    EXPECT_TRUE(found) << found.error().describe();
    return found ? *std::move(found) : Found();
  }
  // The kinds of all events that the search gives, message after message.
  std::vector<std::string> kinds(const Search& wanted) {
    std::vector<std::string> all;
    for (const FoundMessage& message : find(wanted).messages)
      for (const events::Event& event : message.events) all.emplace_back(events::name(event.kind));
    return all;
  }
  LedgerDay total() { return read_ledger(disk_, places_).value().total(); }
  // Lines in the files, without those of the log alone.
  int64_t count(Day day, const std::string& table) {
    Database database = *open_day_to_read(places_.folder, day);
    Statement count = *database.prepare("SELECT count(*) FROM " + table);
    EXPECT_TRUE(*count.step());
    return count.integer(0);
  }

  test::TemporaryFolder folder_;
  FaultyDisk disk_;
  StoppedClock clock_;
  uint64_t file_octets_max_ = 1 << 20;
  uint64_t batch_octets_max_ = 4 << 20;
  Duration keep_ = std::chrono::hours(24 * 10);
  RecordPlaces places_{folder_.path(), folder_ / "events"};
  std::unique_ptr<EventWriter> writer_;
  std::vector<std::string> said_;
};

}  // namespace waypost::records
