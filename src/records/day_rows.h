#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "events/event.h"
#include "records/day_file.h"
#include "records/sqlite.h"
#include "records/young_messages.h"

namespace waypost::records {

// The rows of a day's file, as events make them; only for day_file.cc, which says when a batch
// begins and ends. The database outlives it.
class DayRows {
 public:
  explicit DayRows(Database& database) : database_(database) {}
  // First, when the tables are there.
  Result<void> prepare();

  // The row of the message that the event is about, with its recipients; a new one when it is not
  // known: it begins here, or the line that told of its beginning was lost.
  Result<int64_t> message_of(const events::Event& event);
  // The last word counts: an outcome that a crash repeated replaces the one before it.
  Result<void> note_outcome(int64_t message, const events::Event& event, std::string_view state);
  Result<void> insert_event(int64_t message, const events::Event& event, std::string_view line);
  Result<void> insert_gap(WallTime from, WallTime to, uint64_t lost);
  // One more; how many there were in this batch.
  int64_t count_refusal();

  // What was kept back until the batch ends.
  Result<void> write_batch(const FeedMark& mark);
  // After its commit; the refusals in it.
  int64_t end_batch();
  // Instead.
  void drop_batch();

 private:
  struct Statements {
    Statement find_message, insert_message, complete_message, insert_words, insert_tag, next_place,
        insert_recipient, find_recipient, set_state, insert_event, add_total, insert_gap, set_mark;
  };

  Result<void> add_recipients(int64_t message, const events::Event& event);
  Result<int64_t> insert_message(const events::Event& event);
  Result<void> insert_words(int64_t message, const std::string& words);
  Result<void> insert_tags(int64_t message, const events::Event& event);
  Result<void> complete_message(int64_t number, const events::Event& event);
  Result<void> set_state(int64_t message, const std::string& address, const StateChange& change);
  Result<void> insert_recipient(int64_t message, int64_t place, const std::string& address,
                                std::string_view state, WallTime at);
  Result<void> append_recipient(int64_t message, const std::string& address, std::string_view state,
                                WallTime at);
  Result<void> write_young();
  Result<void> write_totals();
  Result<void> write_mark(const FeedMark& mark);

  Database& database_;
  std::map<std::string_view, int64_t> changes_;  // of the totals, in this batch
  YoungMessages young_;                          // their recipients are written with the batch
  // Outcomes of a message come one after another.
  MessageId last_id_;
  int64_t last_number_ = 0;
  std::optional<Statements> sql_;
};

}  // namespace waypost::records
