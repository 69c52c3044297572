#include "bounces/incoming.h"

#include <gtest/gtest.h>

#include "bounces/judge.h"
#include "bounces/reply_words.h"
#include "classify/shipped_rules.h"

namespace waypost::bounces {
namespace {

using message::ReportedAction;

std::string report(std::string_view words, std::string_view fields, std::string_view header = {}) {
  return "From: MAILER-DAEMON@mx.example.org\nSubject: Undelivered\n" + std::string(header) +
         "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n" +
         std::string(words) + "\n--b\nContent-Type: message/delivery-status\n\n" +
         std::string(fields) + "\n--b--\n";
}

TEST(Incoming, reads_every_recipient_with_its_own_action) {
  const Incoming read = read_incoming(
      report("words",
             "Reporting-MTA: dns; mx.example.org\n\n"
             "Final-Recipient: rfc822; a@example.net\nAction: delivered\nStatus: 2.0.0\n\n"
             "Final-Recipient: rfc822; b@example.net\nAction: relayed\nStatus: 2.0.0\n\n"
             "Final-Recipient: rfc822; c@example.net\nAction: expanded\nStatus: 2.0.0\n\n"
             "Final-Recipient: rfc822; d@example.net\nStatus: 4.4.1\n"));
  EXPECT_EQ(read.kind, Kind::dsn);
  ASSERT_EQ(read.recipients.size(), 4u);
  EXPECT_FALSE(was_refused(read.recipients[0]));
  EXPECT_EQ(read.recipients[1].action, ReportedAction::relayed);
  EXPECT_EQ(read.recipients[2].action, ReportedAction::expanded);
  EXPECT_EQ(read.recipients[3].action, ReportedAction::delayed);
}

TEST(Incoming, takes_the_words_for_people_where_the_fields_have_none) {
  const Incoming read = read_incoming(report(
      "   ----- The following addresses had permanent fatal errors -----\n<ann@example.net>\n"
      "    (reason: Insufficient permission)\n",
      "Final-Recipient: RFC822; ann@example.net\nAction: failed\nStatus: 5.3.0\n"
      "Diagnostic-Code: X-Unix; 77\n"));
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].reply, "Insufficient permission");
  EXPECT_EQ(read.recipients[0].status, "5.3.0");
}

TEST(Incoming, prefers_the_status_that_says_more) {
  auto status = [](std::string_view stated, std::string_view reply) {
    return read_incoming(report("w",
                                "Final-Recipient: rfc822; ann@example.net\nAction: failed\n"
                                "Status: " +
                                    std::string(stated) + "\nDiagnostic-Code: smtp; " +
                                    std::string(reply) + "\n"))
        .recipients.at(0)
        .status;
  };
  EXPECT_EQ(status("5.0.0", "550 5.1.1 no"), "5.1.1");
  EXPECT_EQ(status("5.0.0", "550 no"), "5.0.0");
  EXPECT_EQ(status("4.4.7", "554 5.1.1 no"), "4.4.7");
  EXPECT_EQ(status("4.4.7", "554 4.4.7 expired <421 4.4.2 timed out>"), "4.4.2");
  EXPECT_EQ(status("4.4.7", "554 4.4.7 expired; see page 421 of 4.4.2"), "4.4.7");
  EXPECT_EQ(status("4.5.0", "550 5.5.0 no"), "5.5.0");
  EXPECT_EQ(status("5.1.0", "5.1.0 - Unknown address error 550-'5.7.1 denied'"), "5.7.1");
}

TEST(Incoming, is_not_a_bounce_when_somebody_writes_of_bounces) {
  EXPECT_EQ(read_incoming("From: ann@example.net\nSubject: Mail delivery failed again?\n\n"
                          "My mail to bob@example.net came back with 550 5.1.1, why?\n")
                .kind,
            Kind::not_a_bounce);
  EXPECT_EQ(read_incoming("From: shop@example.net\nReturn-Path: <>\nSubject: Your delivery\n\n"
                          "Your parcel will be delivered today.\n")
                .kind,
            Kind::not_a_bounce);
  EXPECT_EQ(read_incoming("").kind, Kind::not_a_bounce);
}

TEST(Incoming, reads_servers_that_no_rule_knows) {
  const Incoming read = read_incoming(
      "From: Mail System <mailer-daemon@mx.example.org>\nSubject: Undeliverable mail\n\n"
      "Sorry.\n\nTo: ann@example.net\n 550 5.1.1 nobody of that name\n");
  EXPECT_EQ(read.kind, Kind::bounce);
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].address, "ann@example.net");
  EXPECT_EQ(read.recipients[0].status, "5.1.1");
}

TEST(Incoming, tells_complaints_answers_and_reports_apart) {
  EXPECT_EQ(
      read_incoming("From: a@example.net\nAuto-Submitted: auto-replied\nSubject: away\n\nx\n").kind,
      Kind::auto_reply);
  const Incoming tls = read_incoming(
      "From: a@example.net\nTLS-Report-Domain: example.org\nContent-Type: application/tlsrpt+json\n"
      "\n{\"policies\":[]}\n");
  EXPECT_EQ(tls.kind, Kind::tls_report);
  ASSERT_TRUE(tls.tls && *tls.tls);
  const Incoming dmarc = read_incoming(
      "From: a@example.net\nSubject: Report Domain: example.org\nContent-Type: text/xml; "
      "name=\"a!example.org!1!2.xml\"\n\n<feedback></feedback>\n");
  EXPECT_EQ(dmarc.kind, Kind::dmarc_report);
}

TEST(Incoming, reads_notifications_of_amazon_ses) {
  const Incoming read = read_incoming(
      "From: no-reply@sns.example.com\nSubject: AWS Notification Message\n\n"
      "{\"notificationType\":\"Bounce\",\"bounce\":{\"bouncedRecipients\":[{\"emailAddress\":"
      "\"ann@example.net\",\"action\":\"failed\",\"status\":\"5.1.1\",\"diagnosticCode\":"
      "\"smtp; 550 5.1.1 no\"}]}}\n--\nIf you wish to stop ...\n");
  EXPECT_EQ(read.kind, Kind::bounce);
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].reply, "550 5.1.1 no");
}

TEST(Incoming, is_an_automatic_answer_whatever_its_text_is_like) {
  for (const char* header :
       {"Subject: Automatic reply: hello\nAuto-Submitted: auto-replied\n", "X-Autoreply: yes\n",
        "Subject: Re: hello\nIn-Reply-To: <1@example.org>\nAuto-Submitted: auto-replied\n",
        "Subject: Out of office\nReturn-Path: <>\n"})
    for (const char* text :
         {"I'm sorry to have to inform you that your message could not\nbe read before Monday.\n",
          "I am away.\nReason:\nholidays\n\n<bob@example.net>: ask him\n",
          "Hi. This is the qmail-send program of Ann.\n<bob@example.net>:\nask him\n"}) {
      SCOPED_TRACE(std::string(header) + text);
      const Incoming read =
          read_incoming("From: Ann <ann@example.net>\n" + std::string(header) + "\n" + text);
      EXPECT_EQ(read.kind, Kind::auto_reply);
    }
}

TEST(Incoming, is_no_bounce_when_a_person_answers) {
  for (const char* subject : {"Re: hello", "AW: Undelivered Mail", "hello"}) {
    const Incoming read = read_incoming(
        "From: Ann <ann@example.net>\nIn-Reply-To: <1@example.org>\nSubject: " +
        std::string(subject) +
        "\n\nI'm sorry to have to inform you that your message could not\nbe found here.\n"
        "<bob@example.net>: 550 5.1.1 is what I get.\n");
    EXPECT_EQ(read.kind, Kind::not_a_bounce) << subject;
  }
}

TEST(Incoming, takes_what_the_words_mean_with_them) {
  const Incoming read = read_incoming(
      report("We're writing to let you know that the group you tried to contact (crew) may not "
             "exist.\nhttps://groups.google.com/support/\n",
             "Final-Recipient: rfc822; crew@example.net\nAction: failed\nStatus: 5.0.0\n",
             "X-Failed-Recipients: crew@example.net\n"));
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_TRUE(read.recipients[0].says.starts_with("The group you tried to contact"));
}

TEST(Incoming, reads_every_notice_of_a_file_of_many) {
  std::string file;
  for (const char* name : {"ann", "bob", "eve"})
    file += "From MAILER-DAEMON  Thu Apr 29 23:34:45 2015\n" +
            report("From here on words", "Final-Recipient: rfc822; " + std::string(name) +
                                             "@example.net\nAction: failed\nStatus: 5.1.1\n") +
            "\n";
  const Incoming read = read_incoming(file);
  ASSERT_EQ(read.recipients.size(), 3u);
  EXPECT_EQ(read.recipients[2].address, "eve@example.net");
}

TEST(Incoming, tells_recipients_of_a_notice_in_two_languages_once) {
  std::string text =
      "From: MAILER-DAEMON@mx.example.org\nSubject: failure notice\n\n"
      "Hi. This is the qmail-send program at mx.example.org.\n";
  for (int i = 0; i < 1500; ++i) text += "<u" + std::to_string(i) + "@x.org>:\nno\n\n";
  const Incoming read = read_incoming(text + text.substr(text.find("<u0@")));
  EXPECT_EQ(read.recipients.size(), 1500u);
}

TEST(Incoming, survives_every_beginning_of_a_message) {
  const std::string whole = report("<ann@example.net>: host mx said: 550 5.1.1 no",
                                   "Final-Recipient: rfc822; ann@example.net\nAction: failed\n");
  for (size_t octets = 0; octets < whole.size(); ++octets) read_incoming(whole.substr(0, octets));
}

std::string reply_class(const Recipient& recipient) {
  static const classify::Classifier classifier(classify::shipped_book());
  classify::Reader reader(classifier);
  return std::string(classify::slug(judge(recipient, reader).reply_class));
}

TEST(Incoming, reads_5_1_10_of_exchange_online_as_nobody_there) {
  const Incoming read = read_incoming(
      "Your message to bob@example.com couldn't be delivered.\n\nbob wasn't found at "
      "example.com.\n\nMore Info for Email Admins\nStatus code: 550 5.1.10\n");
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(reply_class(read.recipients[0]), "recipient-unknown");
  Recipient elsewhere;
  elsewhere.reply = "550 5.1.10";
  EXPECT_EQ(reply_class(elsewhere), "no-mx");
}

TEST(Incoming, is_a_bounce_in_any_language) {
  const char* notice =
      "Content-Type: text/plain; charset=utf-8\n\nНедоставлено.\n\n<ann@example.net>: host "
      "mx.example.net[192.0.2.1] said: 552 5.2.2 Ящик переполнен\n    (in reply to RCPT TO)\n";
  const Incoming read =
      read_incoming(std::string("From: MAILER-DAEMON@example.org\nSubject: Письмо\n") + notice);
  EXPECT_EQ(read.kind, Kind::bounce);
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].address, "ann@example.net");
  EXPECT_EQ(read.recipients[0].status, "5.2.2");
  EXPECT_EQ(read.recipients[0].remote_mta, "mx.example.net");
  // A postmaster is a person, but for the return path of programs.
  const std::string from_postmaster =
      std::string("From: postmaster@example.org\nSubject: Письмо\n") + notice;
  EXPECT_EQ(read_incoming(from_postmaster).kind, Kind::not_a_bounce);
  EXPECT_EQ(read_incoming("Return-Path: <>\n" + from_postmaster).kind, Kind::bounce);
}

TEST(Incoming, is_a_bounce_when_the_header_names_those_that_failed) {
  const Incoming read = read_incoming(
      "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Echec\n"
      "X-Failed-Recipients: ann@example.net\n\n** Adresse introuvable **\n\nRéponse :\nDNS Error: "
      "12345 DNS type 'mx' lookup of example.net responded with code NXDOMAIN\n");
  EXPECT_EQ(read.kind, Kind::bounce);
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].address, "ann@example.net");
  EXPECT_EQ(reply_class(read.recipients[0]), "domain-not-found");
}

TEST(Incoming, keeps_the_first_digits_of_a_reply_of_exchange) {
  const Incoming read = read_incoming(
      "From: Microsoft Exchange <postmaster@example.org>\nSubject: Undeliverable: hello\n\n"
      "Generating server: mta.example.org\n\n"
      "ann@example.org\n#< #5.2.3 smtp;550 5.2.3 RESOLVER.RST.RecipSizeLimit; too large> #SMTP#\n\n"
      "bob@example.net\nmx.example.net #<mx.example.net #5.1.1 smtp;550 5.1.1 User #7\n unknown> "
      "#SMTP#\n\ncarl@example.org\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n");
  ASSERT_EQ(read.recipients.size(), 3u);
  EXPECT_EQ(read.recipients[0].reply, "550 5.2.3 RESOLVER.RST.RecipSizeLimit; too large");
  EXPECT_EQ(read.recipients[1].reply, "550 5.1.1 User #7 unknown");
  EXPECT_EQ(read.recipients[1].remote_mta, "mx.example.net");
  EXPECT_EQ(read.recipients[2].reply, "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found");
}

TEST(Incoming, knows_which_host_of_a_transcript_said_what) {
  const std::string start =
      "From: Mail Delivery Subsystem <MAILER-DAEMON@example.org>\nSubject: Returned mail\n\n"
      "   ----- The following addresses had permanent fatal errors -----\n";
  const std::string transcript =
      "\n   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n"
      ">>> RCPT To:<ann@example.org>\n<<< 550 5.1.1 User unknown\n"
      "550 5.1.1 <ann@example.org>... User unknown\n... while talking to mx.example.com.:\n"
      ">>> DATA\n<<< 552 5.2.2 Over quota\n554 5.0.0 Service unavailable\n";
  for (const char* reason : {"    (reason: 550 5.1.1 User unknown)\n", ""}) {
    const Incoming read =
        read_incoming(start + "<ann@example.org>\n" + reason +
                      "<bob@example.com>\n    (reason: 552 5.2.2 Over quota)\n" + transcript);
    ASSERT_EQ(read.recipients.size(), 2u);
    EXPECT_EQ(read.recipients[0].reply, "550 5.1.1 User unknown");
    EXPECT_EQ(read.recipients[0].remote_mta, "mx.example.org");
    EXPECT_EQ(read.recipients[1].remote_mta, "mx.example.com");
  }
}

TEST(Incoming, names_whom_sendmail_still_tries_to_reach) {
  const Incoming read = read_incoming(
      "From: MAILER-DAEMON@example.org\nSubject: Warning: could not send message for past 4 hours\n"
      "\n   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n"
      ">>> DATA\n<<< 451 4.3.0 Busy\n<ann@example.org>... Deferred: 451 4.3.0 Busy\n");
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].address, "ann@example.org");
  EXPECT_EQ(read.recipients[0].action, ReportedAction::delayed);
  EXPECT_EQ(read.recipients[0].remote_mta, "mx.example.org");
}

TEST(Incoming, finds_recipients_with_their_reply_on_one_line) {
  for (const char* line : {"   ann@example.net (550 5.1.1 User unknown)\n",
                           "ann@example.net 550 5.1.1 User unknown\n"}) {
    const Incoming read = read_incoming(
        "From: Postmaster <postmaster@example.org>\nSubject: Delivery problem\n\nSorry:\n\n" +
        std::string(line));
    ASSERT_EQ(read.recipients.size(), 1u) << line;
    EXPECT_EQ(read.recipients[0].address, "ann@example.net");
    EXPECT_EQ(read.recipients[0].reply, "550 5.1.1 User unknown");
  }
}

TEST(Incoming, takes_no_size_and_no_number_for_a_code) {
  for (const char* text : {"Your mailbox\nann@example.net\nuses 450 MB of 500 MB.\n",
                           "Your mailbox\nann@example.net\nUsed: 450 MB\nOf: 500 mb\n",
                           "Ask him:\nhost@example.net\n550 boxes move.\n"})
    EXPECT_EQ(read_incoming("From: Postmaster <postmaster@example.org>\nReturn-Path: <>\n"
                            "Subject: Warning: maintenance\n\n" +
                            std::string(text))
                  .kind,
              Kind::not_a_bounce)
        << text;
  // A notice it is, but nobody said "450 MB".
  const Incoming read = read_incoming(
      "From: MAILER-DAEMON@example.org\nSubject: Undeliverable\n\nann@example.net\nwas over 450 MB "
      "of 500 MB.\n");
  ASSERT_EQ(read.recipients.size(), 1u);
  EXPECT_EQ(read.recipients[0].reply, "was over 450 MB of 500 MB.");
}

TEST(Incoming, knows_automatic_answers_in_many_languages) {
  for (const char* subject : {"Autosvar: hello", "Autoodpowiedź: hello",
                              "Автоматический ответ: hello", "不在通知", "Otomatik yanıt: hello"})
    EXPECT_EQ(read_incoming("From: Ann <ann@example.net>\nSubject: " + std::string(subject) +
                            "\n\nI am away.\n")
                  .kind,
              Kind::auto_reply)
        << subject;
}

TEST(Reply, is_what_the_gateway_quotes) {
  EXPECT_EQ(quoted_reply("5.1.0 - Unknown address error 550-'5.7.1 denied' (attempts: 0)"),
            "550 5.7.1 denied");
  EXPECT_EQ(quoted_reply("550 can't"), "");
}

TEST(Reply, of_several_lines_is_joined) {
  EXPECT_EQ(joined_reply("host mx said: 550-5.1.1 No 550-5.1.1 such 550 5.1.1 user"),
            "host mx said: 550 5.1.1 No such user");
  EXPECT_EQ(joined_reply("550-The account 550-or domain"), "550 The account or domain");
  EXPECT_EQ(joined_reply("550 one line"), "");
}

TEST(Judge, falls_back_to_the_status) {
  classify::Classifier classifier(classify::shipped_book());
  classify::Reader reader(classifier);
  Recipient recipient;
  recipient.status = "5.2.2";
  recipient.reply = "xyzzy";
  const classify::Reading reading = judge(recipient, reader);
  EXPECT_EQ(reading.reply_class, classify::ReplyClass::mailbox_full);
  EXPECT_EQ(reading.disposition, classify::Disposition::permanent);
}

}  // namespace
}  // namespace waypost::bounces
