#include "records/day_query.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "tests/unit/records/records_fixture.h"

namespace waypost::records {
namespace {

using events::EventKind;

// More than are few: of each two one is delivered, of each three one goes to b.example.
constexpr int many = 45'000;

class DayQueryTest : public RecordsTest {
 protected:
  WallTime time_of(int number) const {
    // Two shards, the one some milliseconds behind the other.
    return day_one + std::chrono::milliseconds(number / 10 * 10 + (number % 2) * 4);
  }

  void write_many() {
    auto file = *DayFile::open(places_.folder, day_of(day_one));
    ASSERT_TRUE(file->begin());
    for (int i = 0; i < many; ++i) {
      events::Event accepted =
          accepted_of(i, time_of(i), {fmt::format("ann{}@{}.example", i, i % 3 == 0 ? "b" : "c")});
      accepted.tenant = i % 5 == 0 ? "shop" : "blog";
      accepted.sender = i % 4 == 0 ? "app@example.com" : "app@shop.example";
      accepted.subject = fmt::format("Invoice {} of {}", i, i % 7 == 0 ? "March" : "April");
      if (i % 6 == 0) accepted.tags = {"kind=" + std::string(i % 1200 == 0 ? "rare" : "invoice")};
      ids_.push_back(*accepted.message);
      ASSERT_TRUE(file->add(accepted, events::to_json_line(accepted)));
      if (i % 2 != 0 && i % 1000 != 1) continue;
      const EventKind end = i % 2 == 0 ? EventKind::delivered : EventKind::bounced;
      const events::Event outcome = outcome_of(accepted, end, accepted.recipients[0]);
      ASSERT_TRUE(file->add(outcome, events::to_json_line(outcome)));
    }
    ASSERT_TRUE(file->commit({}));
  }

  // The numbers of those that the pages of a search show, in their order.
  std::vector<int> walk(Search wanted, size_t pages_max = 10'000) {
    std::map<MessageId, int> numbers;
    for (size_t i = 0; i < ids_.size(); ++i) numbers[ids_[i]] = int(i);
    std::vector<int> all;
    wanted.detail = Detail::none;
    for (pages_ = 0; pages_ < pages_max;) {
      ++pages_;
      const Found found = find(wanted);
      for (auto message = found.messages.rbegin(); message != found.messages.rend(); ++message)
        all.push_back(numbers.at(*message->id));
      if (!found.has_more && !found.searched_from) break;
      wanted.before =
          found.searched_from ? PagePlace{*found.searched_from} : found.messages.front().place();
    }
    return all;
  }
  template <class Fits>
  std::set<int> those(const Fits& fits) {
    std::set<int> all;
    for (int i = 0; i < many; ++i)
      if (fits(i)) all.insert(i);
    return all;
  }
  // Each of them once, the newest first.
  template <class Fits>
  void expect_pages(const Search& wanted, const Fits& fits) {
    const std::vector<int> walked = walk(wanted);
    EXPECT_EQ(std::set<int>(walked.begin(), walked.end()), those(fits));
    EXPECT_EQ(walked.size(), those(fits).size());
    EXPECT_TRUE(std::is_sorted(walked.begin(), walked.end(),
                               [&](int one, int other) { return time_of(one) > time_of(other); }));
  }

  std::vector<MessageId> ids_;
  size_t pages_ = 0;
};

TEST_F(DayQueryTest, pages_show_each_message_once_whether_few_or_many_fit) {
  write_many();
  const auto all = [](int) { return true; };
  expect_pages({.messages_max = 20'000}, all);
  expect_pages({.state = "delivered", .messages_max = 15'000}, [](int i) { return i % 2 == 0; });
  expect_pages({.state = "queued", .messages_max = 15'000},
               [](int i) { return i % 2 != 0 && i % 1000 != 1; });
  expect_pages({.state = "bounced", .messages_max = 7}, [](int i) { return i % 1000 == 1; });
  expect_pages({.domain = "c.example", .state = "delivered", .messages_max = 15'000},
               [](int i) { return i % 3 != 0 && i % 2 == 0; });
  expect_pages({.address_prefix = "ann", .messages_max = 20'000}, all);
  expect_pages({.address_prefix = "ann444", .messages_max = 50},
               [](int i) { return fmt::format("{}", i).starts_with("444"); });
  expect_pages({.address_prefix = "ann", .state = "delivered", .messages_max = 15'000},
               [](int i) { return i % 2 == 0; });
  expect_pages({.address = "app@example.com", .messages_max = 20'000},
               [](int i) { return i % 4 == 0; });
  expect_pages({.state = "expired"}, [](int) { return false; });
  expect_pages({.states = {"bounced", "expired"}, .messages_max = 7},
               [](int i) { return i % 1000 == 1; });
  expect_pages({.states = {"bounced", "delivered"}, .messages_max = 15'000},
               [](int i) { return i % 2 == 0 || i % 1000 == 1; });
  expect_pages({.kinds = {"bounced"}, .messages_max = 15'000}, [](int i) { return i % 1000 == 1; });
  // Of a time, and of a tenant.
  const WallTime since = time_of(1000);
  const WallTime until = time_of(41'000);
  const auto is_between = [&](int i) { return time_of(i) >= since && time_of(i) < until; };
  expect_pages({.since = since, .until = until, .messages_max = 15'000}, is_between);
  expect_pages({.state = "delivered", .since = since, .until = until, .messages_max = 15'000},
               [&](int i) { return is_between(i) && i % 2 == 0; });
  expect_pages({.messages_max = 3000, .tenant = "shop"}, [](int i) { return i % 5 == 0; });
  expect_pages({.state = "delivered", .until = day_one, .messages_max = 10},
               [](int) { return false; });
}

TEST_F(DayQueryTest, pages_by_sender_subject_and_tag_whether_few_or_many_fit) {
  write_many();
  const auto of_shop = [](int i) { return i % 4 != 0; };
  expect_pages({.sender = "APP@shop.example", .messages_max = 15'000}, of_shop);
  expect_pages({.sender_domain = "shop.example", .messages_max = 15'000}, of_shop);
  expect_pages({.sender_domain = "example.com", .messages_max = 5000},
               [](int i) { return i % 4 == 0; });
  expect_pages({.tag = "kind=rare", .messages_max = 7}, [](int i) { return i % 1200 == 0; });
  expect_pages({.tag = "kind", .messages_max = 3000}, [](int i) { return i % 6 == 0; });
  expect_pages({.subject = "inv", .messages_max = 20'000}, [](int) { return true; });
  expect_pages({.subject = "march", .messages_max = 3000}, [](int i) { return i % 7 == 0; });
  expect_pages({.subject = "INVOICE 4444", .messages_max = 3},
               [](int i) { return fmt::format("{}", i).starts_with("4444"); });
  expect_pages({.subject = "invoice 777 march"},
               [](int i) { return i % 7 == 0 && fmt::format("{}", i).starts_with("777"); });
  expect_pages({.subject = "december"}, [](int) { return false; });
  expect_pages({.sender_domain = "shop.example",
                .subject = "invoice",
                .messages_max = 3000,
                .looked_at_max = 3000},
               of_shop);
}

TEST_F(DayQueryTest, finds_a_rare_word_beside_a_longer_one_that_all_have_at_once) {
  write_many();
  const std::vector<int> all = walk({.subject = "1234", .messages_max = 100});
  EXPECT_FALSE(all.empty());
  EXPECT_EQ(walk({.subject = "invoice 1234", .messages_max = 100, .looked_at_max = 1000}, 1), all);
}

TEST_F(DayQueryTest, ends_after_what_it_may_look_at_and_goes_on_from_there) {
  write_many();
  Search wanted{.messages_max = 50, .tenant = "nobody", .looked_at_max = 3000};
  EXPECT_TRUE(walk(wanted).empty());
  EXPECT_GT(pages_, 5u);
  EXPECT_LT(pages_, 20u);
  // Many meet each condition and none all of them; the last to be looked at is found as well.
  wanted.tenant = "shop";
  wanted.state = "delivered";
  wanted.address_prefix = "ann";
  wanted.domain = "b.example";
  wanted.until = time_of(20);
  expect_pages(wanted, [](int i) { return i < 20 && i % 30 == 0; });
  wanted.until.reset();
  wanted.since = time_of(44'000);
  expect_pages(wanted, [](int i) { return i >= 44'000 && i % 30 == 0; });
  // Those of a list.
  const std::vector<int> found = walk({.ids = {ids_[5], ids_[44'000], id_of(1, day_one - 24h)}});
  EXPECT_EQ(found, (std::vector<int>{44'000, 5}));
}

TEST_F(DayQueryTest, a_summary_has_the_states_of_all_and_the_newest_of_many_events) {
  events::Event accepted = accepted_of(1, day_one, {"ann@example.net", "bob@example.net"});
  log(accepted);
  log(outcome_of(accepted, EventKind::delivered, "bob@example.net"));
  for (int i = 0; i < 100; ++i) log(outcome_of(accepted, EventKind::deferred, "ann@example.net"));
  feed_all();
  const Found found = find({.detail = Detail::summary});
  ASSERT_EQ(found.messages.size(), 1u);
  const FoundMessage& message = found.messages[0];
  EXPECT_EQ(message.at, day_one);
  EXPECT_EQ(message.events.size(), 21u);
  EXPECT_EQ(message.events.front().kind, EventKind::accepted);
  ASSERT_EQ(message.recipients.size(), 2u);
  EXPECT_EQ(message.recipients[0].state, "queued");
  EXPECT_EQ(message.recipients[1].state, "delivered");
}

// As a batch is: more than a page within a millisecond.
TEST_F(DayQueryTest, pages_of_what_only_the_log_holds_yet_miss_none) {
  for (const bool is_fed : {false, true}) {
    ids_.clear();
    for (int i = 0; i < 40; ++i) {
      events::Event accepted =
          accepted_of(i, day_one + std::chrono::microseconds(i * 37 % 40), {"ann@example.net"});
      ids_.push_back(*accepted.message);
      if (!is_fed) log(accepted);
      if (!is_fed) log(outcome_of(accepted, EventKind::delivered, "ann@example.net"));
    }
    if (is_fed) feed_all();
    for (const Search& wanted : {Search{.messages_max = 7, .with_id = true},
                                 Search{.state = "delivered", .messages_max = 7}}) {
      const std::vector<int> walked = walk(wanted);
      EXPECT_EQ(walked.size(), 40u);
      EXPECT_EQ(std::set<int>(walked.begin(), walked.end()).size(), 40u);
    }
  }
}

// As Waypost left them before there were indexes by time and state.
TEST_F(DayQueryTest, reads_files_of_before_and_a_start_brings_them_up_to_date) {
  log(accepted_of(1, day_one, {"ann@example.net"}));
  feed_all();
  {
    auto database = *Database::open(day_path(places_.folder, day_of(day_one), day_file_suffix));
    ASSERT_TRUE(
        database.execute("DROP INDEX messages_by_at; DROP INDEX recipients_by_state; DROP INDEX "
                         "events_that_came_back; DROP INDEX messages_by_sender_domain; "
                         "DROP TABLE tags; DROP TABLE subject_instances; DROP TABLE subjects; "
                         "ALTER TABLE messages DROP COLUMN words; "
                         "PRAGMA user_version = 1"));
  }
  const Search wanted{.state = "queued", .until = day_one + 1s};
  const Search by_sender{.sender_domain = "example.com"};
  EXPECT_EQ(find(wanted).messages.size(), 1u);
  EXPECT_EQ(find(by_sender).messages.size(), 1u);
  // Nobody wrote them down then, and nobody blames the file.
  for (const Search& unknown : {Search{.tag = "kind"}, Search{.subject = "invoice"}}) {
    EXPECT_EQ(find(unknown).messages.size(), 0u);
    EXPECT_TRUE(find(unknown).problems.empty());
  }
  events::Event later = accepted_of(2, day_one + 1s, {"bob@example.net"});
  later.subject = "Invoice";
  later.tags = {"kind=invoice"};
  log(later);
  feed_all();
  EXPECT_EQ(find(wanted).messages.size(), 1u);
  EXPECT_EQ(find(by_sender).messages.size(), 2u);
  EXPECT_EQ(find({.tag = "kind"}).messages.size(), 1u);
  EXPECT_EQ(find({.subject = "invoice"}).messages.size(), 1u);
  Database database = *open_day_to_read(places_.folder, day_of(day_one));
  EXPECT_EQ(*database.schema_version(), 4);
  Statement indexes = *database.prepare(
      "SELECT count(*) FROM sqlite_master WHERE name IN ('messages_by_at', 'recipients_by_state')");
  ASSERT_TRUE(*indexes.step());
  EXPECT_EQ(indexes.integer(0), 2);
}

}  // namespace
}  // namespace waypost::records
