#include <gtest/gtest.h>

#include "message/auto_reply.h"
#include "message/dmarc_report.h"
#include "message/dsn_reader.h"
#include "message/feedback_report.h"
#include "message/report_fields.h"
#include "message/tls_report.h"
#include "message/unpack.h"

namespace waypost::message {
namespace {

TEST(DeliveryReport, is_read_as_the_standard_writes_it) {
  // In the manner of RFC 3464 appendix E.
  const auto report = read_delivery_report(
      "Reporting-MTA: dns; mx.example.org\nOriginal-Envelope-Id: QQ17\n\n"
      "Final-Recipient: rfc822;ann@example.net\nAction: failed\nStatus: 5.1.1 (no such user)\n"
      "Remote-MTA: dns; mx.example.net\n"
      "Diagnostic-Code: smtp; 550 5.1.1 <ann@example.net>\n    no such user\n\n"
      "Original-Recipient: rfc822;bob@example.net\nFinal-Recipient: rfc822;bob@mail.example.net\n"
      "Action: delayed\nStatus: 4.4.1\nWill-Retry-Until: Thu, 7 Jul 1994 17:15:49 -0400\n");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->reporting_mta, "mx.example.org");
  EXPECT_EQ(report->envelope_id, "QQ17");
  ASSERT_EQ(report->recipients.size(), 2u);
  EXPECT_EQ(report->recipients[0].address, "ann@example.net");
  EXPECT_EQ(report->recipients[0].action, ReportedAction::failed);
  EXPECT_EQ(report->recipients[0].status, "5.1.1");
  EXPECT_EQ(report->recipients[0].remote_mta, "mx.example.net");
  EXPECT_EQ(report->recipients[0].diagnostic, "550 5.1.1 <ann@example.net> no such user");
  EXPECT_EQ(report->recipients[1].original, "bob@example.net");
  EXPECT_EQ(report->recipients[1].action, ReportedAction::delayed);
}

TEST(DeliveryReport, tells_recipients_apart_without_blank_lines_and_in_any_order) {
  const auto report = read_delivery_report(
      "Action: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; <ann@example.net>\n"
      "Final-Recipient: rfc822; \"bob@example.net\"\nAction: expanded\nStatus : 2.0.0\n");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->recipients.size(), 2u);
  EXPECT_EQ(report->recipients[0].address, "ann@example.net");
  EXPECT_EQ(report->recipients[1].address, "bob@example.net");
  EXPECT_EQ(report->recipients[1].action, ReportedAction::expanded);
  EXPECT_EQ(report->recipients[1].status, "2.0.0");
}

TEST(DeliveryReport, decodes_addresses_in_utf8) {
  EXPECT_EQ(report_address("utf-8; ren\\x{E9}@example.com"), "ren\xC3\xA9@example.com");
  EXPECT_EQ(report_address("rfc822; ren\\x{E9}@example.com"), "ren\\x{E9}@example.com");
  EXPECT_EQ(report_address("utf-8; a\\x{}b\\x{110000}@c"), "a\\x{}b\\x{110000}@c");
}

TEST(DeliveryReport, names_whom_the_message_was_sent_to_and_not_a_file_or_route) {
  const auto report = read_delivery_report(
      "Original-Recipient: rfc822;ann@example.net\nFinal-Recipient: rfc822;/var/mail/ann\n"
      "Action: failed\n\nOriginal-Recipient: rfc822;bob@example.net\n"
      "Final-Recipient: rfc822;@relay.example.org:bob@inner\nAction: relayed\n");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->recipients.size(), 2u);
  EXPECT_EQ(report->recipients[0].address, "ann@example.net");
  EXPECT_EQ(report->recipients[1].address, "bob@example.net");
}

TEST(DeliveryReport, is_none_without_a_recipient) {
  EXPECT_FALSE(read_delivery_report("Reporting-MTA: dns; mx.example.org\n"));
  EXPECT_FALSE(read_delivery_report("just words\n"));
}

TEST(Status, is_found_between_other_numbers) {
  EXPECT_EQ(first_status("550 5.1.10 no"), "5.1.10");
  EXPECT_EQ(first_status("sorry (#4.4.1)"), "4.4.1");
  EXPECT_EQ(first_status("host 5.1.1.10 said 5.7.1."), "5.7.1");
  EXPECT_EQ(first_status("Exim 4.96.2a, v5.6.1"), "");
  EXPECT_EQ(first_status("3.1.1 and 5.1"), "");
}

TEST(FeedbackReport, is_read_as_the_standard_writes_it) {
  // In the manner of RFC 5965 appendix B.2.
  const auto report = feedback_report_of(read_mime(
      "From: abuse@example.com\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
      "--b\nContent-Type: text/plain\n\nAbuse report\n"
      "--b\nContent-Type: message/feedback-report\n\n"
      "Feedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n"
      "Original-Mail-From: <sender@example.net>\nOriginal-Rcpt-To: <ann@example.com>\n"
      "Original-Rcpt-To: <bob@example.com>\nSource-IP: 192.0.2.1\nIncidents: 3\n"
      "--b\nContent-Type: message/rfc822\n\nTo: carol@example.com\nMessage-ID: <1@example.net>\n\n"
      "text\n--b--\n"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->type, "abuse");
  EXPECT_EQ(report->recipients, (std::vector<std::string>{"ann@example.com", "bob@example.com"}));
  EXPECT_EQ(report->mail_from, "sender@example.net");
  EXPECT_EQ(report->incidents, 3u);
  EXPECT_EQ(report->message_id, "<1@example.net>");
}

TEST(FeedbackReport, takes_the_complainant_from_the_returned_message) {
  const auto report = feedback_report_of(
      read_mime("From: abuse@example.com\n"
                "Content-Type: multipart/report; report-type=feedback-report; boundary=b\n\n"
                "--b\nContent-Type: text/plain\n\nFeedback-Type: opt-out\n"
                "--b\nContent-Type: message/rfc822\n\nTo: carol@example.com\n\ntext\n--b--\n"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->type, "opt-out");
  EXPECT_EQ(report->recipients, std::vector<std::string>{"carol@example.com"});
}

TEST(FeedbackReport, is_read_in_the_forms_of_those_who_deviate) {
  const std::string returned =
      "--b\nContent-Type: message/rfc822\n\nReturn-Path: <bx@bounces.shop.example>\n"
      "X-HmXmrOriginalRecipient: <ann@a.example>\nTo: ann@a.example\n"
      "List-Unsubscribe: <https://shop.example/u>,\n "
      "<mailto:leave-b@bounces.shop.example?subject=x>"
      "\nMessage-ID: <m@shop.example>\n\nHello\n--b--\n";
  const std::string mixed = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n";
  const std::string standard =
      "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; "
      "boundary=b\n\n"
      "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n"
      "Original-Rcpt-To: ann@a.example\n\n" +
      returned;
  const std::vector<std::string> reports{
      "From: staff@hotmail.example\nSubject: complaint about message from 192.0.2.1\n" + mixed +
          "\n" + returned,
      "From: abuse@isp.example\nX-ARF: Yes\n" + mixed +
          "\n--b\nContent-Type: text/plain\n\nhi\n--b\nContent-Type: text/plain\n\n---\n"
          "Category: abuse\nReport-Type: spam\n" +
          returned,
      "From: colleague@shop.example\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" +
          standard,
      standard};
  for (const std::string& octets : reports) {
    const auto report = feedback_report_of(read_mime(octets));
    ASSERT_TRUE(report) << octets;
    EXPECT_EQ(report->type, "abuse") << octets;
    EXPECT_EQ(report->recipients, std::vector<std::string>{"ann@a.example"}) << octets;
    EXPECT_EQ(report->return_path, "bx@bounces.shop.example") << octets;
    EXPECT_EQ(report->unsubscribe, "leave-b@bounces.shop.example") << octets;
    EXPECT_EQ(report->message_id, "<m@shop.example>") << octets;
  }
  const auto plain = feedback_report_of(read_mime(
      "From: a@isp.example\nSubject: report\n\nThis is a report.\n\nFeedback-Type: abuse\n"
      "User-Agent: X/1\nOriginal-Rcpt-To: ann@a.example\n"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->recipients, std::vector<std::string>{"ann@a.example"});
}

TEST(FeedbackReport, is_none_about_attacks_or_in_the_words_of_a_person) {
  EXPECT_FALSE(feedback_report_of(read_mime(
      "From: a@isp.example\nX-ARF: Yes\n\nCategory: abuse\nReport-Type: login-attack\n")));
  EXPECT_FALSE(feedback_report_of(
      read_mime("From: a@isp.example\n\nWhat is the line Feedback-Type: abuse in a report?\n")));
  EXPECT_FALSE(
      feedback_report_of(read_mime("From: a@isp.example\nMIME-Version: 1.0\nContent-Type: "
                                   "message/rfc822\n\nTo: b@c.example\n")));
}

TEST(DeliveryReport, tells_when_the_address_led_to_another) {
  const auto passed_on = [](const char* fields) {
    const auto report = read_delivery_report(fields + std::string("\nAction: failed\n"));
    return report && report->recipients.size() == 1 && report->recipients[0].is_passed_on;
  };
  EXPECT_TRUE(
      passed_on("Final-Recipient: RFC822; ann@a.example\n"
                "X-Actual-Recipient: RFC822; ann.private@b.example"));
  EXPECT_TRUE(
      passed_on("Final-Recipient: x-unix; |/usr/bin/procmail\n"
                "Original-Recipient: rfc822;ann@a.example"));
  EXPECT_FALSE(
      passed_on("Final-Recipient: RFC822; ann@a.example\n"
                "X-Actual-Recipient: RFC822; Ann@mail.a.example"));
  EXPECT_FALSE(
      passed_on("Final-Recipient: x-local; ann\nOriginal-Recipient: rfc822;ann@a.example"));
  EXPECT_FALSE(passed_on("Final-Recipient: rfc822; ann@a.example"));
  EXPECT_TRUE(
      passed_on("Final-Recipient: rfc822; ann@a.example\n"
                "X-Actual-Recipient: rfc822; ann@na.example"));
}

TEST(AutoReply, is_known_by_its_header) {
  EXPECT_TRUE(auto_reply_of(read_mime(
      "From: Ann <ann@example.net>\nAuto-Submitted: auto-replied\nSubject: Re: hello\n\naway\n")));
  const auto away =
      auto_reply_of(read_mime("From: ann@example.net\nSubject: Out of office: hello\n\naway\n"));
  ASSERT_TRUE(away);
  EXPECT_EQ(away->from, "ann@example.net");
}

TEST(AutoReply, is_not_what_a_person_or_a_mail_system_writes) {
  EXPECT_FALSE(auto_reply_of(read_mime("From: ann@example.net\nSubject: Re: hello\n\nHi\n")));
  EXPECT_FALSE(auto_reply_of(
      read_mime("From: MAILER-DAEMON@example.net\nAuto-Submitted: auto-replied\n\nx\n")));
  EXPECT_FALSE(auto_reply_of(
      read_mime("From: cron@example.net\nAuto-Submitted: auto-generated\nSubject: report\n\nx\n")));
  EXPECT_FALSE(auto_reply_of(read_mime(
      "From: l@example.net\nList-Id: <l.example.net>\nAuto-Submitted: auto-replied\n\nx\n")));
}

constexpr const char* dmarc_xml =
    "<?xml version=\"1.0\"?><feedback><report_metadata><org_name>Example</org_name>"
    "<report_id>17</report_id><date_range><begin>1700000000</begin><end>1700086399</end>"
    "</date_range></report_metadata><policy_published><domain>example.org</domain><p>reject</p>"
    "</policy_published><record><row><source_ip>192.0.2.1</source_ip><count>3</count>"
    "<policy_evaluated><disposition>reject</disposition><dkim>fail</dkim><spf>fail</spf>"
    "<reason><type>forwarded</type></reason></policy_evaluated></row>"
    "<identifiers><header_from>example.org</header_from></identifiers>"
    "<auth_results><dkim><domain>example.org</domain><selector>s</selector><result>fail</result>"
    "</dkim><spf><domain>example.net</domain><result>pass</result></spf></auth_results></record>"
    "</feedback>";

TEST(DmarcReport, is_read) {
  const auto report = read_dmarc_report(dmarc_xml);
  ASSERT_TRUE(report) << report.error().describe();
  EXPECT_EQ(report->organisation, "Example");
  EXPECT_EQ(report->domain, "example.org");
  EXPECT_EQ(report->begin, 1'700'000'000);
  ASSERT_EQ(report->rows.size(), 1u);
  EXPECT_EQ(report->rows[0].count, 3u);
  EXPECT_EQ(report->rows[0].dkim, "fail");
  EXPECT_EQ(report->rows[0].overrides, std::vector<std::string>{"forwarded"});
  ASSERT_EQ(report->rows[0].signatures.size(), 1u);
  EXPECT_EQ(report->rows[0].signatures[0].selector, "s");
  EXPECT_EQ(report->rows[0].spf_domain, "example.net");
}

TEST(DmarcReport, refuses_entities_depth_and_other_documents) {
  EXPECT_FALSE(read_dmarc_report("<!DOCTYPE f [<!ENTITY a \"b\">]><feedback>&a;</feedback>"));
  EXPECT_FALSE(read_dmarc_report("<html></html>"));
  EXPECT_FALSE(read_dmarc_report("no XML"));
  EXPECT_FALSE(read_dmarc_report(""));
  std::string deep = "<feedback>";
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_FALSE(read_dmarc_report(deep));
}

TEST(TlsReport, is_read) {
  // In the manner of RFC 8460 appendix B.
  const auto report = read_tls_report(
      "{\"organization-name\":\"Example\",\"date-range\":{\"start-datetime\":"
      "\"2016-04-01T00:00:00Z\",\"end-datetime\":\"2016-04-01T23:59:59Z\"},\"report-id\":\"17\","
      "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-domain\":\"example.org\"},"
      "\"summary\":{\"total-successful-session-count\":5,\"total-failure-session-count\":2},"
      "\"failure-details\":[{\"result-type\":\"certificate-expired\",\"failed-session-count\":2,"
      "\"receiving-mx-hostname\":\"mx.example.org\"}]}]}");
  ASSERT_TRUE(report) << report.error().describe();
  ASSERT_EQ(report->policies.size(), 1u);
  EXPECT_EQ(report->policies[0].failures, 2u);
  ASSERT_EQ(report->policies[0].details.size(), 1u);
  EXPECT_EQ(report->policies[0].details[0].result, "certificate-expired");
  EXPECT_FALSE(read_tls_report("[]"));
  EXPECT_FALSE(read_tls_report("{\"policies\":"));
}

TEST(Unpack, stops_at_its_limit) {
  EXPECT_EQ(*unpack("plain", 10), "plain");
  EXPECT_FALSE(unpack("too long", 3));
  EXPECT_FALSE(unpack("\x1f\x8b broken", 100));
  // 1,000 octets of 'a' in gzip.
  const std::string small(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x4b\x4c\x1c\x05\xa3\x60\x14\x0c\x77\x00\x00\x03"
      "\xda\x38\x9a\xe8\x03\x00\x00",
      29);
  EXPECT_EQ(*unpack(small, 1000), std::string(1000, 'a'));
  EXPECT_FALSE(unpack(small, 999));
}

}  // namespace
}  // namespace waypost::message
