#include "cli/suppression_csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::cli {
namespace {

using records::Suppression;
using records::SuppressionScope;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

Suppression otherwise() {
  Suppression entry;
  entry.reason = "by-hand";
  entry.since = day_one;
  entry.who = "ann";
  return entry;
}

CsvRows parse(std::string_view text) {
  auto rows = parse_suppressions_csv(text, otherwise());
  EXPECT_TRUE(rows) << rows.error().describe();
  return rows.value_or(CsvRows());
}

std::vector<std::string> addresses(const CsvRows& rows) {
  std::vector<std::string> all;
  for (const Suppression& entry : rows.entries) all.push_back(entry.address);
  return all;
}

TEST(SuppressionCsv, reads_again_what_it_wrote) {
  Suppression entry = otherwise();
  entry.address = "\"a,\\\"b\"@example.net";
  entry.reason = "complaint";
  entry.scope = SuppressionScope::stream;
  entry.scope_name = "bulk";
  entry.expires = day_one + std::chrono::hours(24);
  entry.message = "019aa5b1-2c43-7abc-8def-0123456789ab";
  entry.evidence = "550 5.1.1 \"no\",\r\nreally";
  Suppression plain = otherwise();
  plain.address = "bob@example.org";
  const CsvRows rows =
      parse(suppressions_csv_head() + suppression_csv_row(entry) + suppression_csv_row(plain));
  EXPECT_THAT(rows.problems, IsEmpty());
  EXPECT_THAT(rows.entries, ElementsAre(entry, plain));
}

TEST(SuppressionCsv, takes_the_columns_of_others_in_any_order) {
  const CsvRows rows = parse(
      "\xef\xbb\xbf"
      "Created,Status,EMAIL\n1763716087,5.1.1,ann@example.net\n2026-11-20,,bob@example.org\n");
  EXPECT_THAT(addresses(rows), ElementsAre("ann@example.net", "bob@example.org"));
  EXPECT_EQ(base::to_rfc3339(rows.entries[0].since), "2025-11-21T09:08:07.000000Z");
  EXPECT_EQ(base::to_rfc3339(rows.entries[1].since), "2026-11-20T00:00:00.000000Z");
  EXPECT_EQ(rows.entries[1].reason, "by-hand");
}

TEST(SuppressionCsv, takes_addresses_alone) {
  EXPECT_THAT(addresses(parse("ann@example.net\n\nbob@example.org,x\r\ncat@example.org")),
              ElementsAre("ann@example.net", "bob@example.org", "cat@example.org"));
}

TEST(SuppressionCsv, names_the_line_of_each_row_that_it_leaves_out) {
  const CsvRows rows = parse(
      "address,reason,since\n"
      "ann@example.net,\"two\nlines\",\n"
      "no address,,\n"
      "bob@example.org,,yesterday\n"
      "cat@example.org,complaint,\n");
  EXPECT_THAT(addresses(rows), ElementsAre("cat@example.org"));
  ASSERT_EQ(rows.problems.size(), 3u);
  EXPECT_EQ(rows.problems[0].line, 2u);
  EXPECT_EQ(rows.problems[1].line, 4u);
  EXPECT_EQ(rows.problems[2].line, 5u);
}

TEST(SuppressionCsv, refuses_a_quote_that_does_not_end) {
  EXPECT_FALSE(parse_suppressions_csv("address\n\"ann@example.net\n", otherwise()));
}

TEST(SuppressionCsv, refuses_what_follows_a_closing_quote) {
  auto rows =
      parse_suppressions_csv("address,scope\n\"ann@example.net\" ,stream:bulk\n", otherwise());
  ASSERT_FALSE(rows);
  EXPECT_THAT(rows.error().message(), testing::HasSubstr("line 2"));
}

TEST(SuppressionCsv, survives_any_octets) {
  for (const char* text : {"", "\n", "\r", ",", "\"\"", "address\n\xff\xfe@\x80\n", "address,"})
    parse(text);
}

}  // namespace
}  // namespace waypost::cli
