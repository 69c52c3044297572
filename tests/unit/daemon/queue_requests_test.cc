#include "daemon/queue_requests.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::daemon {
namespace {

namespace json = boost::json;
using queue::Act;
using queue::ScopeKind;
using testing::HasSubstr;

constexpr const char* id_text = "01a1fbc3-2917-7098-83e2-122067d2edf2";
const WallTime now = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

json::object object(const std::string& text) { return json::parse(text).get_object(); }

Result<queue::Command> act(const std::string& text) { return parse_act_request(object(text)); }

std::string refusal(const std::string& text) {
  auto parsed = act(text);
  EXPECT_FALSE(parsed) << text;
  return parsed ? "" : parsed.error().message();
}

TEST(QueueRequestsTest, read_all_that_a_command_can_say) {
  auto command = act(std::string(R"({"command":"queue.act","action":"cancel","reason":"odd",)") +
                     R"("dry_run":true,"selector":{"ids":[")" + id_text +
                     R"("],"recipient":"a@b.example","domain":"b.example","site":"mx.b.example",)"
                     R"("sender":"<>","login":"app","stream":"bulk","tenant":"t","class":)"
                     R"("mailbox-full","hold":"deferred","older_than_s":60,"newer_than_s":3600}})");
  ASSERT_TRUE(command) << command.error().message();
  EXPECT_EQ(command->act, Act::cancel);
  EXPECT_EQ(command->reason, "odd");
  EXPECT_TRUE(command->dry_run);
  const queue::Selector& selector = command->selector;
  ASSERT_EQ(selector.ids.size(), 1u);
  EXPECT_EQ(selector.ids[0].text(), id_text);
  EXPECT_EQ(selector.recipient, "a@b.example");
  EXPECT_EQ(selector.domain, "b.example");
  EXPECT_EQ(selector.site, "mx.b.example");
  EXPECT_EQ(selector.sender, "<>");
  EXPECT_EQ(selector.login, "app");
  EXPECT_EQ(selector.stream, "bulk");
  EXPECT_EQ(selector.tenant, "t");
  EXPECT_EQ(selector.reply_class, "mailbox-full");
  EXPECT_EQ(selector.hold, queue::Hold::deferred);
  EXPECT_EQ(selector.older_than, std::chrono::minutes(1));
  EXPECT_EQ(selector.newer_than, std::chrono::hours(1));
  EXPECT_FALSE(selector.all);
}

TEST(QueueRequestsTest, take_a_time_where_one_is_to_be_named_and_nowhere_else) {
  auto command =
      act(R"({"action":"reschedule","at":"2026-11-21T09:00:00.000000Z","selector":{"all":true}})");
  ASSERT_TRUE(command) << command.error().message();
  EXPECT_EQ(command->act, Act::reschedule);
  EXPECT_EQ(base::to_rfc3339(command->at), "2026-11-21T09:00:00.000000Z");
  refusal(R"({"action":"reschedule","selector":{"all":true}})");
  refusal(R"({"action":"reschedule","at":"soon","selector":{"all":true}})");
  refusal(R"({"action":"retry","at":"2026-11-21T09:00:00.000000Z","selector":{"all":true}})");
}

TEST(QueueRequestsTest, never_act_on_everything_unless_it_is_asked_for) {
  EXPECT_THAT(refusal(R"({"action":"cancel"})"), HasSubstr("nothing is selected"));
  EXPECT_THAT(refusal(R"({"action":"cancel","selector":{}})"), HasSubstr("nothing is selected"));
  EXPECT_THAT(refusal(R"({"action":"cancel","selector":{"all":false}})"),
              HasSubstr("nothing is selected"));
  EXPECT_TRUE(act(R"({"action":"cancel","selector":{"all":true}})"));
}

TEST(QueueRequestsTest, refuse_an_empty_value_since_it_could_have_narrowed_it) {
  for (const char* key :
       {"recipient", "domain", "site", "sender", "login", "stream", "tenant", "class", "hold"})
    EXPECT_THAT(
        refusal(std::string(R"({"action":"cancel","selector":{"all":true,")") + key + R"(":""}})"),
        HasSubstr("is empty"))
        << key;
}

TEST(QueueRequestsTest, refuse_keys_that_are_not_known_since_they_could_have_narrowed_it) {
  EXPECT_THAT(refusal(R"({"action":"cancel","selector":{"all":true,"zone":"x"}})"),
              HasSubstr("not known"));
  EXPECT_THAT(refusal(R"({"action":"cancel","selector":{"all":true},"dry":true})"),
              HasSubstr("not known"));
  EXPECT_FALSE(parse_list_request(object(R"({"command":"queue.ls","domain":"x"})")));
  EXPECT_FALSE(parse_show_request(object(R"({"id":")" + std::string(id_text) + R"(","x":1})")));
}

TEST(QueueRequestsTest, refuse_values_of_other_kinds_and_sizes) {
  for (const char* selector :
       {R"([])", R"({"ids":[]})", R"({"ids":"x"})", R"({"ids":["x"]})", R"({"ids":[1]})",
        R"({"domain":1})", R"({"domain":"a\nb"})", R"({"domain":null})", R"({"all":1})",
        R"({"older_than_s":-1})", R"({"older_than_s":1.5})", R"({"older_than_s":1000000000000})",
        R"({"older_than_s":18446744073709551615})", R"({"class":"none-such"})",
        R"({"hold":"none-such"})"})
    refusal(std::string(R"({"action":"hold","selector":)") + selector + "}");
  refusal(R"({"action":"delete","selector":{"all":true}})");
  refusal(R"({"selector":{"all":true}})");
  refusal(R"({"action":"hold","selector":{"stream":")" + std::string(513, 'x') + R"("}})");
  refusal(R"({"action":"hold","selector":{"all":true},"reason":")" + std::string(501, 'x') +
          R"("})");
  std::string ids;
  for (size_t i = 0; i <= queue::selected_ids_max; ++i) {
    if (i > 0) ids += ",";
    ids.append("\"").append(id_text).append("\"");
  }
  refusal(R"({"action":"hold","selector":{"ids":[)" + ids + "]}}");
}

TEST(QueueRequestsTest, list_all_without_a_selector) {
  auto all = parse_list_request(object(R"({"command":"queue.ls"})"));
  ASSERT_TRUE(all);
  EXPECT_FALSE(all->selector.selects_something());
  auto some = parse_list_request(object(R"({"limit":5,"selector":{"domain":"b.example"}})"));
  ASSERT_TRUE(some);
  EXPECT_EQ(some->limit, 5u);
  EXPECT_EQ(some->selector.domain, "b.example");
}

TEST(QueueRequestsTest, read_pauses_in_the_spelling_of_envelopes) {
  auto pause = parse_pause_request(
      object(R"({"scope":"domain","name":"Example.NET","by":"ann","reason":"why","for_s":3600})"),
      now);
  ASSERT_TRUE(pause) << pause.error().message();
  EXPECT_EQ(pause->scope, (queue::Scope{ScopeKind::domain, "example.net"}));
  EXPECT_EQ(pause->by, "ann");
  EXPECT_EQ(pause->reason, "why");
  EXPECT_EQ(pause->since, now);
  EXPECT_EQ(pause->until, now + std::chrono::hours(1));
  auto site = parse_resume_request(object(R"({"scope":"site","name":"MX.Example.NET"})"));
  ASSERT_TRUE(site);
  EXPECT_EQ(site->name, "mx.example.net");
  auto account =
      parse_resume_request(object(R"({"scope":"site","name":"MX.Example.NET:587/Shop"})"));
  ASSERT_TRUE(account);
  EXPECT_EQ(account->name, "mx.example.net:587/Shop");
  auto stream = parse_resume_request(object(R"({"scope":"stream","name":"Bulk"})"));
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->name, "bulk");
}

TEST(QueueRequestsTest, refuse_scopes_that_are_none) {
  for (const char* scope :
       {R"({})", R"({"scope":"domain"})", R"({"scope":"domain","name":"-"})",
        R"({"scope":"everything","name":"x"})", R"({"scope":"planet","name":"x"})",
        R"({"scope":"site","name":"x","more":1})", R"({"scope":1,"name":"x"})"}) {
    EXPECT_FALSE(parse_resume_request(object(scope))) << scope;
    EXPECT_FALSE(parse_pause_request(object(scope), now)) << scope;
  }
  EXPECT_TRUE(parse_resume_request(object(R"({"scope":"everything"})")));
}

}  // namespace
}  // namespace waypost::daemon
