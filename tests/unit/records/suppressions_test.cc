#include "records/suppressions.h"

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "records/sqlite.h"
#include "tests/temporary_folder.h"

namespace waypost::records {
namespace {

using namespace std::chrono_literals;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

class SuppressionsTest : public testing::Test {
 protected:
  std::unique_ptr<Suppressions> open() {
    auto store = Suppressions::open(path_);
    EXPECT_TRUE(store) << store.error().describe();
    return *std::move(store);
  }
  static Suppression entry(std::string key, std::string reason = "recipient-unknown") {
    Suppression made;
    made.key = made.address = std::move(key);
    made.reason = std::move(reason);
    made.message = "019aa5b1-2c43-7abc-8def-0123456789ab";
    made.evidence = "550 5.1.1 No such user";
    made.since = day_one;
    made.who = "relay";
    return made;
  }
  static std::vector<Addition> add(Suppressions& store, const std::vector<Suppression>& entries,
                                   WallTime now = day_one, bool replace = false) {
    auto added = store.add(entries, now, replace);
    EXPECT_TRUE(added) << added.error().describe();
    return added.value_or(std::vector<Addition>());
  }
  static std::vector<std::string> keys(Result<std::vector<Suppression>> entries) {
    EXPECT_TRUE(entries);
    std::vector<std::string> keys;
    for (const Suppression& one : *entries) keys.push_back(one.key);
    return keys;
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_ / "records/suppressions.db";
};

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(SuppressionsTest, keeps_all_of_an_entry_over_a_restart) {
  Suppression whole = entry("ann@example.net");
  whole.address = "Ann@EXAMPLE.net";
  whole.scope = SuppressionScope::stream;
  whole.scope_name = "bulk";
  whole.expires = day_one + 24h;
  EXPECT_THAT(add(*open(), {whole, entry("bob@example.org")}),
              ElementsAre(Addition::added, Addition::added));
  auto found = open()->find("ann@example.net");
  ASSERT_TRUE(found);
  EXPECT_THAT(*found, ElementsAre(whole));
}

TEST_F(SuppressionsTest, lets_only_its_owner_read_the_file) {
  open();
  struct stat facts {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
}

TEST_F(SuppressionsTest, keeps_the_first_of_two_and_says_so) {
  auto store = open();
  add(*store, {entry("ann@example.net")});
  EXPECT_THAT(add(*store, {entry("ann@example.net", "complaint")}),
              ElementsAre(Addition::unchanged));
  EXPECT_EQ(store->find("ann@example.net")->front().reason, "recipient-unknown");
}

TEST_F(SuppressionsTest, replaces_what_runs_out_before_and_what_it_is_told_to) {
  auto store = open();
  Suppression brief = entry("ann@example.net");
  brief.expires = day_one + 1h;
  add(*store, {brief});
  EXPECT_THAT(add(*store, {entry("ann@example.net", "complaint")}), ElementsAre(Addition::added));
  EXPECT_THAT(add(*store, {brief}), ElementsAre(Addition::unchanged));
  EXPECT_THAT(add(*store, {brief}, day_one, true), ElementsAre(Addition::added));
  brief.expires = day_one + 30min;
  EXPECT_THAT(add(*store, {brief}), ElementsAre(Addition::unchanged));
  EXPECT_THAT(add(*store, {brief}, day_one + 2h), ElementsAre(Addition::added));
}

TEST_F(SuppressionsTest, keeps_scopes_apart_and_removes_one_or_all) {
  auto store = open();
  Suppression bulk = entry("ann@example.net", "complaint");
  bulk.scope = SuppressionScope::stream;
  bulk.scope_name = "bulk";
  Suppression shop = bulk;
  shop.scope = SuppressionScope::sender_domain;
  shop.scope_name = "shop.example";
  add(*store, {entry("ann@example.net"), bulk, shop, entry("bob@example.org")});
  auto removed = store->remove("ann@example.net", {{SuppressionScope::stream, "bulk"}});
  ASSERT_TRUE(removed);
  EXPECT_THAT(*removed, ElementsAre(bulk));
  EXPECT_EQ(store->remove("ann@example.net", std::nullopt)->size(), 2u);
  EXPECT_THAT(keys(store->remove("ann@example.net", std::nullopt)), IsEmpty());
  EXPECT_EQ(*store->count(), 1u);
}

TEST_F(SuppressionsTest, lists_what_is_selected_page_by_page) {
  auto store = open();
  Suppression late = entry("dan@example.org");
  late.since = day_one + 24h;
  add(*store, {entry("ann@example.net"), entry("bob@example.org", "complaint"),
               entry("cat@example.net"), late});
  EXPECT_THAT(keys(store->list({}, std::nullopt, 2)),
              ElementsAre("ann@example.net", "bob@example.org"));
  EXPECT_THAT(keys(store->list({}, place_of(entry("bob@example.org")), 9)),
              ElementsAre("cat@example.net", "dan@example.org"));
  EXPECT_THAT(keys(store->list({"complaint", "", {}}, std::nullopt, 9)),
              ElementsAre("bob@example.org"));
  EXPECT_THAT(keys(store->list({"", "example.net", {}}, std::nullopt, 9)),
              ElementsAre("ann@example.net", "cat@example.net"));
  EXPECT_THAT(keys(store->list({"", "", day_one + 1h}, std::nullopt, 9)),
              ElementsAre("dan@example.org"));
}

TEST_F(SuppressionsTest, visits_every_entry) {
  auto store = open();
  std::vector<Suppression> many;
  for (int i = 0; i < 1000; ++i) many.push_back(entry(std::to_string(i) + "@example.net"));
  add(*store, many);
  size_t seen = 0;
  EXPECT_TRUE(store->visit([&](const Suppression& one) { seen += one.key.size() > 0; }));
  EXPECT_EQ(seen, 1000u);
}

TEST_F(SuppressionsTest, cuts_evidence_that_is_too_long_and_takes_any_octets) {
  auto store = open();
  Suppression long_winded = entry("ann@example.net");
  long_winded.evidence = std::string(5000, '\xff');
  add(*store, {long_winded});
  EXPECT_EQ(store->find("ann@example.net")->front().evidence,
            std::string(suppression_evidence_octets_max, '\xff'));
}

TEST_F(SuppressionsTest, refuses_a_file_of_a_newer_schema) {
  open();
  ASSERT_TRUE(Database::open(path_)->execute("PRAGMA user_version = 99"));
  auto refused = Suppressions::open(path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::invalid_input);
}

}  // namespace
}  // namespace waypost::records
