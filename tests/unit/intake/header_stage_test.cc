#include "intake/header_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::intake {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

HeaderFacts facts_of(std::string_view content) { return examine_header(content, 50).value(); }

std::string received_lines(size_t count) {
  std::string lines;
  for (size_t i = 0; i < count; ++i) lines += "received: from a by b; now\r\n";
  return lines;
}

Acceptance acceptance() {
  Acceptance acceptance;
  acceptance.at = WallTime(std::chrono::sys_days{std::chrono::year{2026} / 11 / 21});
  acceptance.dated_at = acceptance.at;
  acceptance.hostname = "relay.example.net";
  return acceptance;
}

TEST(HeaderStage, finds_message_id_and_date_in_any_case_and_unfolds) {
  HeaderFacts facts = facts_of("message-id:\r\n <a@b>\r\nDATE: x\r\n\r\nbody\r\n");
  EXPECT_EQ(facts.message_id, " <a@b>");
  EXPECT_TRUE(facts.has_date);
  EXPECT_FALSE(facts.starts_with_body);
}

TEST(HeaderStage, says_how_to_unsubscribe_where_nobody_else_does) {
  Acceptance wanted = acceptance();
  wanted.unsubscribe = "leave-b1@bounces.example.com";
  EXPECT_THAT(missing_fields(facts_of("Subject: x\r\n\r\nList-Unsubscribe: <x>\r\n"), wanted),
              HasSubstr("\r\nList-Unsubscribe: "
                        "<mailto:leave-b1@bounces.example.com?subject=unsubscribe>\r\n"));
  for (const char* content : {"list-unsubscribe: <x>\r\n\r\n", "DKIM-Signature: v=1\r\n\r\n"})
    EXPECT_THAT(missing_fields(facts_of(content), wanted), Not(HasSubstr("mailto"))) << content;
  EXPECT_THAT(missing_fields(facts_of("Subject: x\r\n\r\n"), acceptance()),
              Not(HasSubstr("List-Unsubscribe")));
}

std::string subject_of(const std::string& field) {
  return examine_header(field + "\r\n\r\n", 50, true).value().subject;
}

TEST(HeaderStage, reads_the_subject_as_people_do_where_it_is_wanted) {
  EXPECT_EQ(subject_of("SUBJECT: Your\r\n invoice"), "Your invoice");
  EXPECT_EQ(subject_of("Subject: =?UTF-8?B?R3LDvMOfZQ==?= =?iso-8859-1?Q?_=FC?="),
            "Gr\u00fc\u00dfe \u00fc");
  EXPECT_EQ(subject_of("Subject: a\x1b[31mb =?utf-8?Q?=0d=0aBcc:_x=07=c2=85y?="),
            "a [31mb Bcc: x y");
  EXPECT_EQ(subject_of("To: x"), "");
  EXPECT_EQ(facts_of("Subject: x\r\n\r\n").subject, "");
}

TEST(HeaderStage, keeps_a_hundred_characters_of_a_subject_and_no_broken_one) {
  std::string umlauts;
  for (int i = 0; i < 150; ++i) umlauts += "\u00fc";
  EXPECT_EQ(subject_of("Subject: " + umlauts), umlauts.substr(0, 200));
  EXPECT_EQ(subject_of("Subject: " + std::string(200'000, 'x')), std::string(100, 'x'));
  EXPECT_LE(subject_of("Subject: " + std::string(5000, '\xff')).size(), 400u);
}

TEST(HeaderStage, does_not_look_for_fields_in_the_body) {
  HeaderFacts facts = facts_of("Subject: x\r\n\r\nMessage-ID: <a@b>\r\nDate: x\r\n");
  EXPECT_FALSE(facts.message_id);
  EXPECT_FALSE(facts.has_date);
}

TEST(HeaderStage, cuts_a_message_id_that_nobody_could_search_by) {
  EXPECT_EQ(facts_of("Message-ID: " + std::string(5000, 'x') + "\r\n\r\n").message_id->size(),
            998u);
}

TEST(HeaderStage, takes_fifty_received_fields_and_refuses_fifty_one_as_a_loop) {
  EXPECT_TRUE(examine_header(received_lines(50) + "\r\n", 50));
  auto refused = examine_header(received_lines(51) + "\r\n", 50);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), StartsWith("554 5.4.6 "));
}

TEST(HeaderStage, refuses_a_header_of_more_than_256_kib) {
  std::string fields;
  while (fields.size() <= 256 * 1024) fields += "X: " + std::string(900, 'x') + "\r\n";
  auto refused = examine_header(fields, 50);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), StartsWith("554 5.6.0 "));
}

TEST(HeaderStage, refuses_more_than_two_thousand_fields) {
  std::string fields;
  for (int i = 0; i < 2001; ++i) fields += "X: y\r\n";
  EXPECT_FALSE(examine_header(fields + "\r\n", 50));
}

TEST(HeaderStage, adds_only_the_fields_that_are_missing) {
  Submitter submitter;
  submitter.hello_name = "client.example";
  std::string all = added_fields(facts_of("Subject: x\r\n\r\n"), submitter, acceptance());
  EXPECT_THAT(all, StartsWith("Received: from client.example"));
  EXPECT_THAT(all, HasSubstr("\r\nMessage-ID: <"));
  EXPECT_THAT(all, HasSubstr("@relay.example.net>\r\n"));
  EXPECT_THAT(all, HasSubstr("\r\nDate: Sat, 21 Nov 2026"));

  std::string one =
      added_fields(facts_of("Message-ID: <a@b>\r\nDate: x\r\n\r\n"), submitter, acceptance());
  EXPECT_THAT(one, StartsWith("Received: from client.example"));
  EXPECT_THAT(one, Not(HasSubstr("Message-ID:")));
  EXPECT_THAT(one, Not(HasSubstr("Date:")));
}

TEST(HeaderStage, keeps_a_body_without_header_from_continuing_our_fields) {
  std::string fields = added_fields(facts_of(" evil continuation\r\n"), {}, acceptance());
  EXPECT_THAT(fields, EndsWith("\r\n\r\n"));
  EXPECT_THAT(added_fields(facts_of("\r\nbody\r\n"), {}, acceptance()), Not(EndsWith("\r\n\r\n")));
  EXPECT_THAT(added_fields(facts_of(""), {}, acceptance()), Not(EndsWith("\r\n\r\n")));
}

}  // namespace
}  // namespace waypost::intake
