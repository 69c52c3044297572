#include "api/email_request.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/fields.h"

namespace waypost::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr uint64_t octets_max = 1 << 20;

EmailRequest read(const std::string& json) {
  auto request = read_email_request(json, false, "edge", octets_max);
  EXPECT_TRUE(request) << request.error().message();
  return request ? *std::move(request) : EmailRequest();
}

// What an email with these members besides the usual ones is told; empty when nothing is wrong.
std::string trouble(const std::string& members) {
  const EmailRequest request =
      read(R"({"from":"a@b.example","to":"c@d.example","subject":"s","text":"t",)" + members + "}");
  std::string all;
  for (const web::FieldProblem& problem : request.problems)
    all += problem.field + " " + problem.message + "\n";
  return all;
}

TEST(EmailRequestTest, makes_a_message_and_its_recipients) {
  const EmailRequest request = read(
      R"({"from":"Shop <hi@shop.example>","to":["Ann Lee <ann@d.example>","bob@d.example"],
          "cc":"\"Lee, Kim\" <kim@d.example>","bcc":["hidden@d.example","ann@d.example"],
          "reply_to":"r@shop.example","subject":"Grüße","text":"Hello","html":"<p>Hello</p>",
          "headers":{"X-Order":"1042"},"stream":"bulk","expire_after":"10m"})");
  ASSERT_THAT(request.problems, IsEmpty());
  const Email& email = request.emails.at(0);
  std::vector<std::string> to;
  for (const smtp::Mailbox& mailbox : email.recipients) to.push_back(mailbox.text());
  EXPECT_THAT(to,
              ElementsAre("ann@d.example", "bob@d.example", "kim@d.example", "hidden@d.example"));
  EXPECT_EQ(email.sender.text(), "hi@shop.example");
  EXPECT_THAT(email.content, StartsWith("X-Waypost-Stream: bulk\r\nX-Waypost-Expire-After: 10m\r\n"
                                        "From: \"Shop\" <hi@shop.example>\r\n"
                                        "To: \"Ann Lee\" <ann@d.example>,\r\n bob@d.example\r\n"
                                        "Cc: \"Lee, Kim\" <kim@d.example>\r\n"
                                        "Reply-To: r@shop.example\r\n"
                                        "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"));
  EXPECT_THAT(email.content, HasSubstr("\r\nX-Order: 1042\r\n"));
  EXPECT_THAT(email.content, Not(HasSubstr("hidden")));
}

TEST(EmailRequestTest, takes_tags_of_a_name_and_a_value) {
  const EmailRequest request = read(
      R"({"from":"a@b.example","to":"c@d.example","subject":"s","text":"t",
          "tags":[{"name":"kind","value":"invoice"},{"name":"Lang","value":"de_AT-1"}]})");
  ASSERT_THAT(request.problems, IsEmpty());
  EXPECT_THAT(request.emails.at(0).content,
              StartsWith("X-Waypost-Tag: kind=invoice\r\nX-Waypost-Tag: Lang=de_AT-1\r\nFrom: "));
  EXPECT_EQ(trouble(R"("tags":null)"), "");
  EXPECT_EQ(trouble(R"("tags":[])"), "");
}

TEST(EmailRequestTest, refuses_tags_that_are_none_and_says_which) {
  EXPECT_THAT(trouble(R"("tags":"kind")"), StartsWith("tags "));
  EXPECT_THAT(trouble(R"("tags":["kind"])"), StartsWith("tags[0] is no object"));
  EXPECT_THAT(trouble(R"("tags":[{"name":"a","value":"b"},{"name":"a","value":"c"}])"),
              StartsWith("tags[1].name stands there twice"));
  EXPECT_THAT(trouble(R"("tags":[{"name":"a"}])"), StartsWith("tags[0].value is missing"));
  EXPECT_THAT(trouble(R"("tags":[{"name":"a","value":"b","x":1}])"), StartsWith("tags[0].x"));
  for (const char* value : {R"("")", R"("a b")", R"("a=b")", R"("a:b")", R"("<img src=x>")",
                            R"("a\r\nBcc: x@y.example")", R"("\u00fc")"})
    EXPECT_THAT(trouble(fmt::format(R"("tags":[{{"name":"a","value":{}}}])", value)),
                StartsWith("tags[0].value "))
        << value;
  const std::string longest(256, 'v');
  const auto with = [](const std::string& value) {
    return fmt::format(R"("tags":[{{"name":"a","value":"{}"}}])", value);
  };
  EXPECT_EQ(trouble(with(longest)), "");
  EXPECT_THAT(trouble(with(longest + "v")), StartsWith("tags[0].value "));
  std::string many;
  for (int i = 0; i < 21; ++i)
    many += fmt::format(R"({}{{"name":"n{}","value":"v"}})", i == 0 ? "" : ",", i);
  EXPECT_THAT(trouble("\"tags\":[" + many + "]"), StartsWith("tags "));
}

// The recipients of an email with this `to`, and what it is told.
std::string recipients_of(const std::string& to) {
  const EmailRequest request =
      read(R"({"from":"a@b.example","raw":null,"subject":"s","text":"t","to":)" + to + "}");
  std::string all;
  for (const smtp::Mailbox& mailbox : request.emails.at(0).recipients) all += mailbox.text() + " ";
  for (const web::FieldProblem& problem : request.problems) all += problem.message;
  return all;
}

TEST(EmailRequestTest, drops_no_recipient_that_stands_in_front_of_another) {
  const std::string several = "it has more than one";
  for (const char* to :
       {R"("Ann <ann@d.example>, Bob <bob@d.example>")", R"("ann@d.example, Bob <bob@d.example>")",
        R"("ann@d.example; Bob <bob@d.example>")",
        R"("\"Lee, Ann\" <ann@d.example>, \"Bob\" <bob@d.example>")"})
    EXPECT_THAT(recipients_of(to), HasSubstr(several)) << to;
  for (const char* to :
       {R"("Lee, Ann <ann@d.example>")", R"("ann@d.example <ann@d.example>")",
        R"("\"Ann <a@b>, \\\"Lee\\\"\" <ann@d.example>")", R"("Ann (Lee) Q. <ann@d.example>")"})
    EXPECT_EQ(recipients_of(to), "ann@d.example ") << to;
}

TEST(EmailRequestTest, takes_no_name_twice) {
  for (const char* body : {R"({"to":"x@d.example","to":"y@d.example"})",
                           R"({"headers":{"X-A":"1","X-A":"2"}})", R"({"to":"a","t\u006f":"b"})",
                           R"({"attachments":[{"filename":"a"},{"path":"a:b","path":1}]})"}) {
    auto request = read_email_request(body, false, "edge", octets_max);
    ASSERT_FALSE(request) << body;
    EXPECT_THAT(request.error().message(), HasSubstr("twice"));
  }
}

TEST(EmailRequestTest, reads_the_time_that_was_asked_for) {
  const auto at = [](const std::string& members) {
    const EmailRequest request = read(
        R"({"from":"a@b.example","to":"c@d.example","subject":"s","text":"t")" + members + "}");
    EXPECT_THAT(request.problems, IsEmpty());
    return request.emails.at(0).scheduled_at;
  };
  EXPECT_EQ(at(""), WallTime());
  EXPECT_EQ(at(R"(,"scheduled_at":null)"), WallTime());
  EXPECT_EQ(at(R"(,"scheduled_at":"2026-11-21T10:00:00+01:00")"),
            base::parse_rfc3339("2026-11-21T09:00:00Z").value());
  for (const char* wrong : {R"("in 1 hour")", R"("")", "1795000000", "[]"})
    EXPECT_THAT(trouble(std::string(R"("scheduled_at":)") + wrong), StartsWith("scheduled_at "))
        << wrong;
  EXPECT_THAT(trouble(R"("scheduled_at":"in 1 hour")"), HasSubstr("2026-11-21T10:00:00+01:00"));
}

TEST(EmailRequestTest, lets_no_field_bring_a_header_or_a_recipient) {
  const std::string line_end = "line ends or other control characters";
  for (const char* members :
       {R"("reply_to":"x@y.example\r\nBcc: z@y.example")", R"("cc":["x@y.example\nX: 1"])",
        R"("stream":"a\r\nX: 1")", R"("expire_after":"1m\r\nX: 1")",
        R"("headers":{"X-A":"1\r\nBcc: z@y.example"})",
        R"("attachments":[{"filename":"a\r\nX: 1","content":"QQ=="}])"})
    EXPECT_THAT(trouble(members), HasSubstr(line_end)) << members;
  for (const char* members : {R"("headers":{"X-A\r\nBcc":"z"})", R"("headers":{"X A":"z"})",
                              R"("headers":{"X:":"z"})", R"("headers":{"":"z"})"})
    EXPECT_THAT(trouble(members), HasSubstr("no header field can have")) << members;
  for (const char* name : {"Bcc", "TO", "content-type", "Received", "X-Waypost-Stream", "From",
                           "resent-to", "Return-Path"})
    EXPECT_THAT(trouble(std::string(R"("headers":{")") + name + R"(":"z"})"),
                HasSubstr("cannot be set here"))
        << name;
  EXPECT_THAT(trouble(R"("attachments":[{"filename":"a","content":"QQ==",
                         "content_type":"text/html name=\"x\""}])"),
              HasSubstr("no media type"));
  EXPECT_THAT(trouble(R"("attachments":[{"filename":"a","content":"QQ==",
                         "content_id":"x>\u003cy"}])"),
              HasSubstr("content_id"));
}

TEST(EmailRequestTest, names_every_field_that_it_cannot_use) {
  EXPECT_THAT(trouble(R"("bcc":5)"), HasSubstr("bcc is no text"));
  EXPECT_THAT(trouble(R"("template":"welcome")"), HasSubstr("template is not known here"));
  EXPECT_THAT(trouble(R"("cc":["nobody"])"), HasSubstr("cc[0] is no address"));
  EXPECT_THAT(trouble(R"("attachments":[{"filename":"a","path":"http://x.example/a"}])"),
              HasSubstr("attachments[0].path cannot be used: the relay fetches nothing"));
  EXPECT_THAT(trouble(R"("attachments":[{"filename":"a","content":"Q Q="}])"),
              HasSubstr("attachments[0].content is no base64"));
  EXPECT_THAT(trouble(R"("raw":"QQ==")"), HasSubstr("subject cannot stand beside \"raw\""));
  EXPECT_EQ(trouble(R"("expire_after":"0s")"),
            "expire_after is no time from 1s to 30d, such as 10m or 1h30m\n");
  const EmailRequest to_nobody =
      read(R"({"from":"a@b.example","to":[],"cc":[],"subject":"s","text":"t"})");
  ASSERT_EQ(to_nobody.problems.size(), 1u);
  EXPECT_EQ(to_nobody.problems[0].field + " " + to_nobody.problems[0].message,
            "to has no address in it");
  EXPECT_THAT(read(R"({"from":"a@b.example","to":[],"bcc":"c@d.example","subject":"s","text":"t"})")
                  .problems,
              IsEmpty());
  const EmailRequest empty = read("{}");
  EXPECT_EQ(empty.problems.size(), 4u);
}

// Each of them takes a dozen times its octets in memory.
TEST(EmailRequestTest, takes_so_many_values_and_no_more) {
  std::string many = "[0";
  for (size_t i = 2; i < values_max; ++i) many += ",0";
  EXPECT_TRUE(parse_json(many + "]"));
  const auto refused = parse_json(many + ",0,0]");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("more than 200000 values"));
  const std::string text = R"({"text":"\")" + std::string(2 * values_max, ',') + R"("})";
  EXPECT_TRUE(parse_json(text)) << "commas of a text are none";
}

TEST(EmailRequestTest, needs_smtputf8_for_an_address_that_is_to_be_answered) {
  const auto with = [](const std::string& reply_to) {
    return read(
        R"({"from":"a@b.example","to":"c@d.example","subject":"s","text":"t","reply_to":")" +
        reply_to + R"("})");
  };
  EXPECT_FALSE(with("Jürgen <j@b.example>").emails.at(0).smtputf8);
  EXPECT_TRUE(with("jürgen@b.example").emails.at(0).smtputf8);
  EXPECT_THAT(trouble(R"("headers":{"X-Long":")" + std::string(1000, 'x') + R"("})"),
              HasSubstr("fits on no line"));
}

TEST(EmailRequestTest, says_so_much_of_what_is_wrong_and_no_more) {
  std::string object = "{";
  for (int i = 0; i < 5000; ++i) object += fmt::format("\"{}\":1,", i);
  object += "\"from\":5}";
  EXPECT_EQ(read(object).problems.size(), problems_max);
  auto batch = read_email_request("[" + object + "," + object + ",7]", true, "edge", octets_max);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->problems.size(), problems_max);
}

TEST(EmailRequestTest, takes_a_raw_message_as_smtp_would) {
  const auto raw = [](const std::string& base64) {
    return read(R"({"from":"a@b.example","to":"c@d.example","raw":")" + base64 + R"("})");
  };
  // "From: a@b.example\nSubject: x\n\ngr\xc3\xbc"
  const EmailRequest taken = raw("RnJvbTogYUBiLmV4YW1wbGUKU3ViamVjdDogeAoKZ3LDvA==");
  ASSERT_THAT(taken.problems, IsEmpty());
  EXPECT_EQ(taken.emails[0].author_domain, "b.example");
  EXPECT_EQ(taken.emails[0].content, "From: a@b.example\r\nSubject: x\r\n\r\ngr\xc3\xbc\r\n");
  EXPECT_TRUE(taken.emails[0].eight_bit);
  EXPECT_THAT(raw("YQ1i").problems.at(0).message, HasSubstr("CR without an LF"));
  EXPECT_THAT(raw("YQBi").problems.at(0).message, HasSubstr("NUL"));
  // "Subject: x", and "From: a@b.example\nFrom: c@d.example"
  EXPECT_THAT(raw("U3ViamVjdDogeAo=").problems.at(0).message, HasSubstr("no From field"));
  EXPECT_THAT(raw("RnJvbTogYUBiLmV4YW1wbGUKRnJvbTogY0BkLmV4YW1wbGUK").problems.at(0).message,
              HasSubstr("more than one From field"));
}

TEST(EmailRequestTest, reads_whose_the_sender_field_of_a_raw_message_is) {
  const auto raw = [](const std::string& base64) {
    return read(R"({"from":"a@b.example","to":"c@d.example","raw":")" + base64 + R"("})");
  };
  // "From: a@b.example\nSender: ceo@bank.example\n\nx", and with two of them, and two addresses
  const EmailRequest taken = raw("RnJvbTogYUBiLmV4YW1wbGUKU2VuZGVyOiBjZW9AYmFuay5leGFtcGxlCgp4");
  ASSERT_THAT(taken.problems, IsEmpty());
  EXPECT_EQ(taken.emails[0].author_domain, "b.example");
  EXPECT_EQ(taken.emails[0].agent_domain, "bank.example");
  EXPECT_THAT(raw("RnJvbTogYUBiLmV4YW1wbGUKU2VuZGVyOiBhQGIuZXhhbXBsZQpTZW5kZXI6IGNlb0BiYW5rLmV4YW1w"
                  "bGUKCng=")
                  .problems.at(0)
                  .message,
              HasSubstr("more than one Sender field"));
  EXPECT_THAT(
      raw("RnJvbTogYUBiLmV4YW1wbGUKU2VuZGVyOiBhQGIuZXhhbXBsZSwgY2VvQGJhbmsuZXhhbXBsZQoKeA==")
          .problems.at(0)
          .message,
      HasSubstr("more than 1 address"));
}

TEST(EmailRequestTest, takes_a_media_type_with_its_parameters) {
  const auto attached = [](const std::string& type) {
    return trouble(R"("attachments":[{"filename":"a","content":"eA==","content_type":")" + type +
                   R"("}])");
  };
  for (const char* good : {"text/calendar; method=REQUEST; charset=utf-8", "text/plain;charset=x",
                           R"(text/x; name=\"a \\\" b\")", "text/plain ; charset=utf-8"})
    EXPECT_EQ(attached(good), "") << good;
  for (const char* bad :
       {"text/calendar; method", "text/calendar; method=", "text/calendar;", "text/calendar; =x",
        "text/calendar; a=b c", R"(text/x; a=\"b)", "multipart/mixed; boundary=x"})
    EXPECT_NE(attached(bad), "") << bad;
}

TEST(EmailRequestTest, reads_batches_and_refuses_what_is_none) {
  const auto batch = [](const std::string& json) {
    return read_email_request(json, true, "edge", octets_max);
  };
  const std::string one = R"({"from":"a@b.example","to":"c@d.example","subject":"s","text":"t"})";
  auto both = batch("[" + one + R"(,{"from":"x"}])");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->emails.size(), 2u);
  EXPECT_THAT(both->problems.at(0).field, StartsWith("[1].from"));
  std::string many = "[";
  for (size_t i = 0; i <= emails_at_once_max; ++i) many += (i ? "," : "") + one;
  for (const std::string& bad : {std::string("[]"), one, many + "]", std::string("[")})
    EXPECT_FALSE(batch(bad));
  EXPECT_FALSE(read_email_request(std::string(100'000, '['), false, "edge", octets_max));
  EXPECT_FALSE(read_email_request("{\"from\":\"\xff\"}", false, "edge", octets_max));
}

}  // namespace
}  // namespace waypost::api
