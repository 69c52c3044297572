#include "records/dmarc_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "records/sqlite.h"
#include "tests/temporary_folder.h"

namespace waypost::records {
namespace {

using message::DmarcReport;
using message::DmarcRow;
using message::FeedbackReport;
using std::chrono::seconds;

constexpr int64_t now_seconds = 1'790'000'000;
const WallTime now{seconds(now_seconds)};

DmarcReport report(std::string id, int64_t days_ago = 1, size_t rows = 1) {
  DmarcReport report;
  report.organisation = "receiver.example";
  report.email = "dmarc@receiver.example";
  report.report_id = std::move(id);
  report.domain = "Shop.example";
  report.policy = "none";
  report.subdomain_policy = "reject";
  report.testing = true;
  report.end = now_seconds - days_ago * 86'400;
  report.begin = report.end - 86'399;
  DmarcRow row;
  row.source_ip = "192.0.2.1";
  row.count = message::dmarc_count_max;
  row.disposition = "none";
  row.dkim = "pass";
  row.spf = "fail";
  row.overrides = {"forwarded", "\"odd\""};
  row.header_from = "shop.example";
  row.envelope_from = "b.shop.example";
  row.signatures = {{"shop.example", "s\"1", "pass"}, {"esp.example", "x", "fail"}};
  row.spf_domain = "esp.example";
  row.spf_result = "pass";
  report.rows.assign(rows, row);
  return report;
}

TEST(DmarcRoom, counts_rows_and_what_stands_in_them) {
  EXPECT_EQ(dmarc_room(report("1", 1, 0)), 1u) << "one that says nothing takes room, too";
  EXPECT_EQ(dmarc_room(report("1", 1, 10)), 11u);
  DmarcReport wide = report("1", 1, 1);
  wide.rows[0].signatures.assign(100, {std::string(1024, 'd'), "s", "pass"});
  EXPECT_GE(dmarc_room(wide), 200u);
}

class DmarcStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = DmarcStore::open(path_);
    ASSERT_TRUE(opened) << opened.error().describe();
    store_ = *std::move(opened);
  }
  template <class Report>
  std::string keep(const Report& report, WallTime at = now) {
    auto keeping = store_->keep(report, at);
    return keeping ? std::string(name(*keeping)) : std::string(base::name(keeping.error().code()));
  }
  std::vector<DmarcReport> all(WallTime since = WallTime{}) {
    std::vector<DmarcReport> found;
    auto visited = store_->visit(since, [&](const DmarcReport& one) { found.push_back(one); });
    EXPECT_TRUE(visited) << visited.error().describe();
    return found;
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/records/dmarc.db";
  std::unique_ptr<DmarcStore> store_;
};

TEST_F(DmarcStoreTest, gives_back_what_it_was_given) {
  EXPECT_EQ(keep(report("1")), "kept");
  const std::vector<DmarcReport> found = all();
  ASSERT_EQ(found.size(), 1u);
  const DmarcReport wanted = report("1");
  EXPECT_EQ(found[0].domain, "shop.example");
  EXPECT_EQ(found[0].begin, wanted.begin);
  EXPECT_EQ(found[0].subdomain_policy, "reject");
  EXPECT_TRUE(found[0].testing);
  ASSERT_EQ(found[0].rows.size(), 1u);
  const DmarcRow& row = found[0].rows[0];
  EXPECT_EQ(row.count, message::dmarc_count_max);
  EXPECT_EQ(row.overrides, wanted.rows[0].overrides);
  ASSERT_EQ(row.signatures.size(), 2u);
  EXPECT_EQ(row.signatures[0].selector, "s\"1");
  EXPECT_EQ(row.signatures[1].result, "fail");
  EXPECT_EQ(row.spf_domain, "esp.example");
}

TEST_F(DmarcStoreTest, keeps_a_report_once) {
  EXPECT_EQ(keep(report("1")), "kept");
  EXPECT_EQ(keep(report("1")), "known");
  DmarcReport other = report("1");
  other.domain = "other.example";
  EXPECT_EQ(keep(other), "kept");
  other.organisation = "elsewhere.example";
  EXPECT_EQ(keep(other), "kept");
  EXPECT_EQ(all().size(), 3u);
}

TEST_F(DmarcStoreTest, tells_reports_without_an_id_apart_by_their_times) {
  EXPECT_EQ(keep(report("", 1)), "kept");
  EXPECT_EQ(keep(report("", 2)), "kept");
  EXPECT_EQ(keep(report("", 2)), "known");
  DmarcReport dotted = report("", 2);
  dotted.domain = "shop.example.";
  EXPECT_EQ(keep(dotted), "known");
  EXPECT_EQ(all().size(), 2u);
}

TEST(DmarcStoreUpgrade, keeps_what_the_first_version_kept) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/dmarc.db";
  {
    auto old = Database::open(path);
    ASSERT_TRUE(old) << old.error().describe();
    const auto made = old->execute(
        "CREATE TABLE reports (number INTEGER PRIMARY KEY, organisation TEXT NOT NULL, report_id "
        "TEXT NOT NULL, domain TEXT NOT NULL, email TEXT NOT NULL, begin_at INTEGER NOT NULL, "
        "end_at INTEGER NOT NULL, policy TEXT NOT NULL, subdomain_policy TEXT NOT NULL, testing "
        "INTEGER NOT NULL, room INTEGER NOT NULL, cut_off INTEGER NOT NULL, kept_at INTEGER NOT "
        "NULL, UNIQUE (organisation, report_id, domain)) STRICT;"
        "CREATE INDEX reports_end ON reports (end_at);"
        "CREATE TABLE rows (report INTEGER NOT NULL REFERENCES reports ON DELETE CASCADE, place "
        "INTEGER NOT NULL, source TEXT NOT NULL, count INTEGER NOT NULL, disposition TEXT NOT "
        "NULL, dkim TEXT NOT NULL, spf TEXT NOT NULL, overrides TEXT NOT NULL, header_from TEXT "
        "NOT NULL, envelope_from TEXT NOT NULL, signatures TEXT NOT NULL, spf_domain TEXT NOT "
        "NULL, spf_result TEXT NOT NULL, PRIMARY KEY (report, place)) STRICT, WITHOUT ROWID;"
        "CREATE TABLE failures (number INTEGER PRIMARY KEY, kept_at INTEGER NOT NULL, reporter "
        "TEXT NOT NULL, source TEXT NOT NULL, domain TEXT NOT NULL, sender TEXT NOT NULL, arrived "
        "TEXT NOT NULL, message_id TEXT NOT NULL, auth_failure TEXT NOT NULL, alignment TEXT NOT "
        "NULL, delivery TEXT NOT NULL, incidents INTEGER NOT NULL, UNIQUE (reporter, source, "
        "domain, sender, arrived, message_id)) STRICT;"
        "INSERT INTO reports VALUES (7, 'r', '', 'shop.example', 'e', 1789900000, 1789986399, "
        "'none', '', 0, 2, 0, 1790000000);"
        "INSERT INTO rows VALUES (7, 0, '192.0.2.1', 3, 'none', 'pass', 'fail', '[]', "
        "'shop.example', '', '[]', '', '');"
        "PRAGMA user_version = 1");
    ASSERT_TRUE(made) << made.error().describe();
  }
  auto store = DmarcStore::open(path);
  ASSERT_TRUE(store) << store.error().describe();
  DmarcReport known;
  known.organisation = "r";
  known.domain = "shop.example";
  known.begin = 1'789'900'000;
  known.end = 1'789'986'399;
  EXPECT_EQ((*store)->keep(known, now).value(), DmarcKeeping::known);
  known.begin -= 86'400;
  known.end -= 86'400;
  EXPECT_EQ((*store)->keep(known, now).value(), DmarcKeeping::kept);
  std::vector<size_t> rows;
  ASSERT_TRUE(
      (*store)->visit({}, [&](const DmarcReport& one) { rows.push_back(one.rows.size()); }));
  EXPECT_THAT(rows, testing::ElementsAre(0u, 1u));
}

TEST_F(DmarcStoreTest, refuses_times_that_cannot_be_meant) {
  DmarcReport odd = report("1");
  odd.end = odd.begin - 1;
  EXPECT_EQ(keep(odd), "invalid_input");
  odd.end = now_seconds + 3 * 86'400;
  EXPECT_EQ(keep(odd), "invalid_input");
  odd.begin = -5;
  odd.end = now_seconds;
  EXPECT_EQ(keep(odd), "invalid_input");
}

TEST_F(DmarcStoreTest, forgets_what_is_old) {
  EXPECT_EQ(keep(report("old", 401)), "too-old");
  EXPECT_EQ(keep(report("1", 399)), "kept");
  EXPECT_EQ(keep(report("2", 1)), "kept");
  EXPECT_EQ(all(now - std::chrono::hours(240)).size(), 1u);
  EXPECT_EQ(keep(report("3", 1), now + std::chrono::hours(48)), "kept");
  EXPECT_EQ(all().size(), 2u) << "the first is over 400 days old by then";
}

TEST_F(DmarcStoreTest, forgets_as_soon_as_it_is_told) {
  EXPECT_EQ(keep(report("1", 399)), "kept");
  store_ = *DmarcStore::open(path_, std::chrono::days(30));
  EXPECT_EQ(keep(report("2", 31)), "too-old");
  EXPECT_EQ(keep(report("3", 29)), "kept");
  ASSERT_EQ(all().size(), 1u);
  EXPECT_EQ(all()[0].report_id, "3");
}

TEST_F(DmarcStoreTest, keeps_a_large_report_in_one_piece) {
  EXPECT_EQ(keep(report("large", 1, 20'000)), "kept");
  EXPECT_EQ(all().at(0).rows.size(), 20'000u);
}

TEST_F(DmarcStoreTest, keeps_of_failures_only_what_is_said_of_them) {
  FeedbackReport failed;
  failed.type = "auth-failure";
  failed.user_agent = "Receiver/1";
  failed.source_ip = "192.0.2.7";
  failed.domains = {"Shop.example"};
  failed.arrival_date = "Mon, 1 Jun 2026 10:00:00 +0000";
  failed.recipients = {"ann@customer.example"};
  failed.incidents = UINT64_MAX;
  EXPECT_EQ(keep(failed), "kept");
  EXPECT_EQ(keep(failed), "known");
  std::vector<FeedbackReport> found;
  ASSERT_TRUE(store_->visit_failures({}, [&](const FeedbackReport& one) { found.push_back(one); }));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].source_ip, "192.0.2.7");
  EXPECT_EQ(found[0].domains, std::vector<std::string>{"shop.example"});
  EXPECT_TRUE(found[0].recipients.empty());
  EXPECT_EQ(found[0].incidents, message::dmarc_count_max);
}

TEST_F(DmarcStoreTest, is_read_beside_its_writer) {
  EXPECT_EQ(DmarcStore::open_read_only(path_ + ".none").error().code(), ErrorCode::not_found);
  EXPECT_EQ(keep(report("1")), "kept");
  auto reader = DmarcStore::open_read_only(path_);
  ASSERT_TRUE(reader) << reader.error().describe();
  size_t found = 0;
  ASSERT_TRUE((*reader)->visit({}, [&](const DmarcReport&) { ++found; }));
  EXPECT_EQ(found, 1u);
  auto newer = Database::open(path_);
  ASSERT_TRUE(newer->execute("PRAGMA user_version = 99"));
  EXPECT_EQ(DmarcStore::open_read_only(path_).error().code(), ErrorCode::invalid_input);
}

}  // namespace
}  // namespace waypost::records
