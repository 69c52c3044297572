#include "daemon/limit_requests.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/asked_limit_json.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

const WallTime now = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

json::object object(const std::string& text) { return json::parse(text).get_object(); }

std::string refusal(const std::string& text) {
  const auto parsed = parse_limit_request(object(text), now);
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error().message();
}

TEST(LimitRequests, say_how_much_at_most_for_how_long_and_why) {
  const auto limit = parse_limit_request(
      object(R"({"command":"limit","site":"MX.Example.NET:587/Shop","connections":2,)"
             R"("connections_per_minute":3,"messages_per_second":0.5,"messages_per_hour":4,)"
             R"("messages_per_day":5.0,"by":"ann","reason":"why","for_s":600})"),
      now);
  ASSERT_TRUE(limit) << limit.error().message();
  EXPECT_EQ(limit->site, "mx.example.net:587/Shop");
  EXPECT_EQ(limit->connections, 2u);
  EXPECT_EQ(limit->connections_per_minute, 3u);
  EXPECT_EQ(limit->messages_per_second, 0.5);
  EXPECT_EQ(limit->messages_per_hour, 4u);
  EXPECT_EQ(limit->messages_per_day, 5u);
  EXPECT_EQ(limit->by, "ann");
  EXPECT_EQ(limit->reason, "why");
  EXPECT_EQ(limit->until, now + std::chrono::minutes(10));
  const auto again = parse_asked_limit(api::to_json(*limit));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *limit);
}

TEST(LimitRequests, last_an_hour_if_nobody_says_for_how_long) {
  const auto limit = parse_limit_request(object(R"({"site":"google","connections":2})"), now);
  ASSERT_TRUE(limit);
  EXPECT_EQ(limit->until, now + std::chrono::hours(1));
}

TEST(LimitRequests, are_refused_with_what_is_wrong) {
  EXPECT_THAT(refusal(R"({"site":"google"})"), HasSubstr("limits nothing"));
  EXPECT_THAT(refusal(R"({"connections":2})"), HasSubstr("name of a site"));
  EXPECT_THAT(refusal(R"({"site":"google","connections":0})"),
              HasSubstr("whole number from 1 to 10000"));
  for (const char* number : {"-1", "1.5", "10001", "\"2\"", "null", "true", "1e300"})
    EXPECT_THAT(refusal(std::string(R"({"site":"google","connections":)") + number + "}"),
                HasSubstr("\"connections\""))
        << number;
  EXPECT_THAT(refusal(R"({"site":"google","messages_per_second":0})"), HasSubstr("0.001"));
  EXPECT_THAT(refusal(R"({"site":"google","connections":2,"for_s":604801})"), HasSubstr("7 days"));
  EXPECT_THAT(refusal(R"({"site":"google","connections":2,"for_s":0})"), HasSubstr("7 days"));
  EXPECT_THAT(refusal(R"({"site":"google","connections":2,"more":1})"), HasSubstr("not known"));
  const std::string longer(501, 'x');
  EXPECT_THAT(refusal(R"({"site":"google","connections":2,"reason":")" + longer + "\"}"),
              HasSubstr("longer than 500"));
}

TEST(LimitRequests, lift_one_by_its_site) {
  const auto lift =
      parse_lift_request(object(R"({"command":"unlimit","site":"Google","by":"ann"})"));
  ASSERT_TRUE(lift);
  EXPECT_EQ(lift->site, "google");
  EXPECT_EQ(lift->by, "ann");
  EXPECT_FALSE(parse_lift_request(object(R"({"site":""})")));
  EXPECT_FALSE(parse_lift_request(object(R"({"site":"google","for_s":1})")));
}

}  // namespace
}  // namespace waypost::daemon
