#include "api/mail_json.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::api {
namespace {

using events::Event;
using events::EventKind;

Event event(EventKind kind, std::vector<std::string> recipients) {
  Event made;
  made.kind = kind;
  made.recipients = std::move(recipients);
  return made;
}

queue::Standing waiting(const std::string& recipient, queue::Hold hold) {
  queue::Standing standing;
  standing.recipient = recipient;
  standing.hold = hold;
  standing.reason = "because";
  return standing;
}

std::string statuses(const std::vector<Event>& events,
                     const std::vector<queue::Standing>& standings = {}) {
  const auto states = recipient_states(events, {}, standings);
  std::string text(status_of(states));
  for (const RecipientState& state : states)
    text += " " + state.address + "=" + std::string(state.status);
  return text;
}

TEST(MailJsonTest, says_of_each_recipient_how_it_stands) {
  std::vector<Event> events{event(EventKind::accepted, {"a", "b", "c"})};
  EXPECT_EQ(statuses(events), "queued a=queued b=queued c=queued");
  events.push_back(event(EventKind::deferred, {"a", "b"}));
  events.push_back(event(EventKind::delivered, {"a"}));
  events.push_back(event(EventKind::bounced, {"c"}));
  EXPECT_EQ(statuses(events), "deferred a=delivered b=deferred c=bounced");
  events.push_back(event(EventKind::expired, {"b"}));
  EXPECT_EQ(statuses(events), "bounced a=delivered b=expired c=bounced");
}

TEST(MailJsonTest, takes_from_the_records_what_the_events_at_hand_do_not_tell) {
  std::vector<Event> events{event(EventKind::accepted, {"a", "b", "c"}),
                            event(EventKind::deferred, {"b"}), event(EventKind::complained, {"a"})};
  const auto states =
      recipient_states(events, {{"a", "delivered"}, {"b", "queued"}, {"c", "bounced"}}, {});
  ASSERT_EQ(states.size(), 3u);
  EXPECT_EQ(states[0].status, "delivered");
  EXPECT_EQ(states[1].status, "deferred");
  EXPECT_EQ(states[2].status, "bounced");
  // The log knows of an end before the records do, and how it came to one that they know.
  events.push_back(event(EventKind::delivered, {"b"}));
  events.push_back(event(EventKind::bounced, {"c"}));
  const auto later = recipient_states(events, {{"b", "queued"}, {"c", "bounced"}},
                                      {waiting("b", queue::Hold::rate)});
  EXPECT_EQ(later[0].status, "delivered");
  EXPECT_EQ(later[0].standing, nullptr);
  EXPECT_EQ(later[1].last, &events.back());
}

TEST(MailJsonTest, tells_what_we_hold_back_from_what_they_put_off) {
  using queue::Hold;
  const std::vector<Event> events{event(EventKind::accepted, {"a"})};
  EXPECT_EQ(statuses(events, {waiting("a", Hold::rate)}), "throttled a=throttled");
  EXPECT_EQ(statuses(events, {waiting("a", Hold::deferred)}), "deferred a=deferred");
  EXPECT_EQ(statuses(events, {waiting("a", Hold::paused)}), "held a=held");
  EXPECT_EQ(statuses(events, {waiting("a", Hold::scheduled)}), "scheduled a=scheduled");
  EXPECT_EQ(statuses(events, {waiting("a", Hold::sending)}), "queued a=queued");
  // The queue and the records do not change at the same moment.
  EXPECT_EQ(statuses({events[0], event(EventKind::delivered, {"a"})}, {waiting("a", Hold::rate)}),
            "delivered a=delivered");
}

Event at(int seconds, Event made) {
  made.at = WallTime(std::chrono::seconds(seconds));
  return made;
}

TEST(MailJsonTest, says_of_what_no_longer_waits_and_has_no_end_that_it_was_lost) {
  const std::vector<Event> events{at(10, event(EventKind::accepted, {"a", "b", "c", "d", "e"})),
                                  at(11, event(EventKind::deferred, {"b", "e"})),
                                  at(12, event(EventKind::delivered, {"c"})),
                                  at(30, event(EventKind::released, {"d"}))};
  const std::vector<queue::Standing> standings{waiting("e", queue::Hold::deferred)};
  const WallTime run_began{std::chrono::seconds(20)};
  const auto states = recipient_states(events, {}, standings, run_began);
  EXPECT_EQ(states[0].status, "unknown");
  EXPECT_EQ(states[1].status, "unknown");
  EXPECT_EQ(states[2].status, "delivered");
  EXPECT_EQ(states[3].status, "queued") << "the records may be a moment behind";
  EXPECT_EQ(states[4].status, "deferred");
  EXPECT_TRUE(has_unknown(states));
  EXPECT_EQ(statuses(events, standings),
            "deferred a=queued b=deferred c=delivered d=queued e=deferred");
  const auto email = email_json(events, {}, {}, nullptr, run_began);
  EXPECT_THAT(boost::json::serialize(email.at("recipients").at(1)),
              testing::HasSubstr("It waits no more. How it ended is not known"));
}

TEST(MailJsonTest, loses_no_end_of_what_never_waited) {
  const WallTime run_began{std::chrono::seconds(20)};
  const auto status = [&](EventKind kind) {
    const std::vector<Event> events{at(10, event(kind, {"a"}))};
    return std::string(recipient_states(events, {}, {}, run_began)[0].status);
  };
  EXPECT_EQ(status(EventKind::rejected), "rejected");
  EXPECT_EQ(status(EventKind::suppressed), "suppressed");
}

TEST(MailJsonTest, tells_a_persons_reason_from_a_servers_reply) {
  std::vector<Event> events{event(EventKind::accepted, {"a"}), event(EventKind::cancelled, {"a"})};
  events.back().reply = "API, key app";
  const boost::json::object email = email_json(events, {}, {}, nullptr);
  const auto& recipient = email.at("recipients").as_array().at(0).as_object();
  EXPECT_FALSE(recipient.contains("last_reply"));
  EXPECT_EQ(recipient.at("reason"), "API, key app");
}

std::string json_of(const std::vector<Event>& events) {
  return boost::json::serialize(email_json(events, {}, {}, nullptr));
}

TEST(MailJsonTest, calls_bounced_what_came_back_after_their_server_had_taken_it) {
  std::vector<Event> events{event(EventKind::accepted, {"a", "b"}),
                            event(EventKind::delivered, {"a"}), event(EventKind::delivered, {"b"})};
  Event late = event(EventKind::late_bounced, {"a"});
  late.reply = "550 5.1.1 No such user";
  events.push_back(late);
  EXPECT_EQ(statuses(events), "bounced a=bounced b=delivered");
  EXPECT_THAT(json_of(events), testing::HasSubstr(R"("status":"bounced","late":true)"));
  EXPECT_THAT(json_of(events), testing::HasSubstr(R"("last_reply":"550 5.1.1 No such user")"));
  // A list knows the newest events alone, and the records the state.
  const std::vector<Event> newest{events[0], late};
  const auto states = recipient_states(newest, {{"a", "bounced"}, {"b", "delivered"}}, {});
  EXPECT_TRUE(states[0].is_late);
  EXPECT_EQ(states[1].status, "delivered");
}

TEST(MailJsonTest, keeps_what_still_waits_or_bounced_at_once_whatever_comes_back) {
  std::vector<Event> events{event(EventKind::accepted, {"a"}), event(EventKind::deferred, {"a"}),
                            event(EventKind::late_bounced, {"a"}),
                            event(EventKind::auto_replied, {"a"})};
  EXPECT_EQ(statuses(events), "deferred a=deferred");
  events.push_back(event(EventKind::bounced, {"a"}));
  events.push_back(event(EventKind::late_bounced, {"a"}));
  EXPECT_EQ(statuses(events), "bounced a=bounced");
  EXPECT_THAT(json_of(events), testing::Not(testing::HasSubstr("late")));
}

TEST(MailJsonTest, gives_tags_as_they_were_given_and_the_subject) {
  std::vector<Event> events{event(EventKind::accepted, {"a"})};
  EXPECT_EQ(email_json(events, {}, {}, nullptr).contains("subject"), false);
  events[0].subject = "<b>Invoice</b>";
  events[0].tags = {"kind=invoice", "receipt"};
  const auto email = email_json(events, {}, {}, nullptr);
  EXPECT_EQ(email.at("subject"), "<b>Invoice</b>");
  EXPECT_EQ(boost::json::serialize(email.at("tags")),
            R"([{"name":"kind","value":"invoice"},{"name":"receipt","value":""}])");
}

TEST(MailJsonTest, marks_what_was_called_unwanted) {
  const std::vector<Event> events{event(EventKind::accepted, {"a"}),
                                  event(EventKind::delivered, {"a"}),
                                  event(EventKind::complained, {"a"})};
  EXPECT_EQ(statuses(events), "delivered a=delivered");
  const auto json = email_json(events, {}, {}, nullptr);
  EXPECT_TRUE(json.at("complained").as_bool());
  EXPECT_TRUE(json.at("recipients").at(0).at("complained").as_bool());
}

TEST(MailJsonTest, keeps_hostile_octets_out_of_the_json) {
  Event bounced = event(EventKind::bounced, {"a"});
  bounced.reply = "550 \xff\"<script>\r\n";
  const std::vector<Event> events{event(EventKind::accepted, {"a"}), bounced};
  const std::string text = boost::json::serialize(email_json(events, {}, {}, nullptr));
  boost::json::error_code error;
  const auto parsed = boost::json::parse(text, error);
  ASSERT_FALSE(error);
  EXPECT_EQ(parsed.at("recipients").at(0).at("last_reply").as_string(),
            "550 \xef\xbf\xbd\"<script>\r\n");
  EXPECT_TRUE(event_json(bounced).is_object());
}

}  // namespace
}  // namespace waypost::api
