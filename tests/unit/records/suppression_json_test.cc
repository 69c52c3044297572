#include "records/suppression_json.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace waypost::records {
namespace {

constexpr WallTime day_one{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};

Suppression whole() {
  Suppression entry;
  entry.address = "Ann@example.net";
  entry.scope = SuppressionScope::sender_domain;
  entry.scope_name = "shop.example";
  entry.reason = "complaint";
  entry.message = "019aa5b1-2c43-7abc-8def-0123456789ab";
  entry.evidence = "550 5.1.1 \"no\"\tsuch user";
  entry.since = day_one;
  entry.expires = day_one + std::chrono::hours(24);
  entry.who = "relay";
  return entry;
}

Result<Suppression> parse(std::string_view text) {
  return parse_suppression(
      boost::json::parse(boost::json::string_view(text.data(), text.size())).as_object());
}

TEST(SuppressionJson, reads_what_it_wrote) {
  auto read = parse_suppression(to_json(whole()));
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(*read, whole());
}

TEST(SuppressionJson, leaves_out_what_is_empty) {
  auto read = parse(
      R"({"address":"a@example.net","reason":"by-hand","since":"2026-11-21T00:00:00.000000Z"})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->scope, SuppressionScope::all_mail);
  EXPECT_FALSE(read->expires);
  EXPECT_EQ(boost::json::serialize(to_json(*read)),
            R"({"address":"a@example.net","scope":"all","reason":"by-hand",)"
            R"("since":"2026-11-21T00:00:00.000000Z"})");
}

TEST(SuppressionJson, writes_octets_that_are_no_text) {
  Suppression entry = whole();
  entry.evidence = "\xff\xfe";
  auto read = parse_suppression(to_json(entry));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->evidence, "\ufffd\ufffd");
}

TEST(SuppressionJson, refuses_what_makes_no_entry) {
  const std::string rest = R"(,"since":"2026-11-21T00:00:00.000000Z"})";
  for (const std::string& text :
       {R"({"reason":"by-hand")" + rest, R"({"address":"","reason":"by-hand")" + rest,
        R"({"address":"a@b.example","reason":"By hand")" + rest,
        R"({"address":"a@b.example","reason":"")" + rest,
        R"({"address":"a@b.example\n","reason":"by-hand")" + rest,
        R"({"address":7,"reason":"by-hand")" + rest,
        R"({"address":"a@b.example","reason":"by-hand","scope":"stream:")" + rest,
        R"({"address":"a@b.example","reason":"by-hand","scope":"all:x")" + rest,
        R"({"address":"a@b.example","reason":"by-hand","scope":"everything")" + rest,
        R"({"address":"a@b.example","reason":"by-hand","expires":"soon")" + rest,
        std::string(R"({"address":"a@b.example","reason":"by-hand"})")})
    EXPECT_FALSE(parse(text)) << text;
}

TEST(SuppressionJson, reads_scopes_in_lower_case) {
  EXPECT_EQ(parse_scope_text("stream:Bulk")->second, "bulk");
  EXPECT_EQ(parse_scope_text("all")->first, SuppressionScope::all_mail);
  EXPECT_EQ(text_of(SuppressionScope::stream, "bulk"), "stream:bulk");
}

}  // namespace
}  // namespace waypost::records
