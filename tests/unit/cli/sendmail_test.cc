#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/sendmail_arguments.h"
#include "cli/sendmail_message.h"

namespace waypost::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Mode = SendmailCall::Mode;

SendmailCall call(std::vector<std::string> arguments, const std::string& program = "sendmail") {
  auto parsed = parse_sendmail_arguments(program, arguments);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error());
  return parsed.value_or(SendmailCall());
}

const SendmailCaller www{"www-data", "Web Server", "host.example"};

PreparedMail prepared(const SendmailCall& call, std::string_view input) {
  auto mail = prepare_mail(call, www, input);
  EXPECT_TRUE(mail) << (mail ? "" : mail.error().describe());
  return mail.value_or(PreparedMail());
}

TEST(SendmailArgumentsTest, understands_options_together_and_apart) {
  SendmailCall php = call({"-ti", "-fbounce@example.org"});
  EXPECT_TRUE(php.recipients_from_header && php.dot_is_text);
  EXPECT_EQ(php.sender, "bounce@example.org");
  SendmailCall cron = call({"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"});
  EXPECT_EQ(cron.full_name, "CronDaemon");
  EXPECT_TRUE(cron.dot_is_text);
  EXPECT_THAT(cron.recipients, ElementsAre("root"));
  SendmailCall git = call({"-i", "-f", "a@example.org", "--", "b@example.com", "-x@example.com"});
  EXPECT_THAT(git.recipients, ElementsAre("b@example.com", "-x@example.com"));
  SendmailCall dsn = call({"-N", "success,failure", "-R", "hdrs", "-V", "id 1", "a@example.com"});
  EXPECT_EQ(dsn.notify, "success,failure");
  EXPECT_EQ(dsn.returns, "hdrs");
  EXPECT_EQ(dsn.envelope_id, "id 1");
  EXPECT_EQ(call({"-f", "<>", "x"}).sender, "");
  EXPECT_EQ(call({"-O", "DeliveryMode=b", "-odi", "-h", "5", "x"}).recipients.size(), 1u);
}

TEST(SendmailArgumentsTest, chooses_its_mode_by_option_and_by_name) {
  EXPECT_EQ(call({"-bs"}).mode, Mode::serve_stdin);
  EXPECT_EQ(call({"-bp"}).mode, Mode::list_queue);
  EXPECT_EQ(call({"-bm", "x"}).mode, Mode::send);
  EXPECT_EQ(call({"-q"}).mode, Mode::nothing);
  EXPECT_EQ(call({"-q30m"}).mode, Mode::nothing);
  EXPECT_EQ(call({}, "/usr/bin/mailq").mode, Mode::list_queue);
  EXPECT_EQ(call({}, "/usr/bin/newaliases").mode, Mode::nothing);
}

TEST(SendmailArgumentsTest, refuses_what_it_cannot_do) {
  EXPECT_FALSE(parse_sendmail_arguments("sendmail", {"-bd"}));
  EXPECT_FALSE(parse_sendmail_arguments("sendmail", {"-f"}));
  EXPECT_FALSE(parse_sendmail_arguments("sendmail", {"-Z"}));
}

TEST(SendmailMessageTest, writes_lines_with_crlf_and_ends_at_a_dot) {
  PreparedMail mail = prepared(call({"-f", "a@example.org", "b@example.com"}),
                               "From: x@y.z\n\none\r\ntwo\n.\nthree");
  EXPECT_THAT(mail.commands, ElementsAre("MAIL FROM:<a@example.org>", "RCPT TO:<b@example.com>"));
  EXPECT_EQ(mail.content, "From: x@y.z\r\n\r\none\r\ntwo\r\n");
  EXPECT_THAT(prepared(call({"-i", "b@example.com"}), "From: x@y.z\n\none\n.\nthree").content,
              HasSubstr("\r\n.\r\nthree\r\n"));
}

TEST(SendmailMessageTest, reads_recipients_from_the_header_and_takes_bcc_out) {
  PreparedMail mail = prepared(call({"-t", "more@example.com"}),
                               "From: x@y.z\nTo: Ann <ann@example.com>,\n bob@example.com\n"
                               "Bcc: secret@example.com,\n hidden@example.com\nSubject: s\n\nHi\n");
  EXPECT_THAT(mail.commands,
              ElementsAre("MAIL FROM:<www-data@host.example>", "RCPT TO:<more@example.com>",
                          "RCPT TO:<ann@example.com>", "RCPT TO:<bob@example.com>",
                          "RCPT TO:<secret@example.com>", "RCPT TO:<hidden@example.com>"));
  EXPECT_EQ(
      mail.content,
      "From: x@y.z\r\nTo: Ann <ann@example.com>,\r\n bob@example.com\r\nSubject: s\r\n\r\nHi\r\n");
}

TEST(SendmailMessageTest, sends_a_message_again_to_those_of_its_resent_fields_alone) {
  PreparedMail mail = prepared(call({"-t"}),
                               "Resent-From: x@y.z\nresent-to: new@example.com\n"
                               "Resent-Cc: copy@example.com\nResent-Bcc: hidden@example.com\n"
                               "From: a@example.org\nTo: first@example.com\n"
                               "Bcc: blind@example.com\n\nHi\n");
  EXPECT_THAT(mail.commands,
              ElementsAre("MAIL FROM:<www-data@host.example>", "RCPT TO:<new@example.com>",
                          "RCPT TO:<copy@example.com>", "RCPT TO:<hidden@example.com>"));
  EXPECT_EQ(mail.content,
            "Resent-From: x@y.z\r\nresent-to: new@example.com\r\nResent-Cc: copy@example.com\r\n"
            "From: a@example.org\r\nTo: first@example.com\r\n\r\nHi\r\n");
  auto nobody =
      prepare_mail(call({"-t"}), www, "Resent-From: x@y.z\nTo: first@example.com\n\nHi\n");
  ASSERT_FALSE(nobody);
  EXPECT_THAT(nobody.error().describe(), HasSubstr("Resent-To"));
}

TEST(SendmailMessageTest, completes_addresses_and_the_header) {
  PreparedMail mail = prepared(call({"root", "root"}), "Subject: s\n\nHi\n");
  EXPECT_THAT(mail.commands,
              ElementsAre("MAIL FROM:<www-data@host.example>", "RCPT TO:<root@host.example>"));
  EXPECT_EQ(mail.content,
            "Subject: s\r\nFrom: \"Web Server\" <www-data@host.example>\r\n\r\nHi\r\n");
  EXPECT_EQ(prepared(call({"-f", "a@example.org", "-F", "A \"B\"", "r"}), "Subject: s\n").content,
            "Subject: s\r\nFrom: \"A \\\"B\\\"\" <a@example.org>\r\n");
  EXPECT_EQ(prepared(call({"-f", "a@example.org", "r"}), "just text\n").content,
            "From: a@example.org\r\n\r\njust text\r\n");
  EXPECT_EQ(prepared(call({"-f", "a@example.org", "r"}), "").content, "From: a@example.org\r\n");
  EXPECT_THAT(prepared(call({"r"}), "From www-data Sat Nov 21\nFrom: x@y.z\n\nHi").content,
              testing::StartsWith("From: x@y.z\r\n"));
}

TEST(SendmailMessageTest, takes_a_sender_in_brackets_or_with_a_name) {
  for (const char* sender : {"me@a.example", "<me@a.example>", "Me <me@a.example>"}) {
    PreparedMail mail = prepared(call({"-f", sender, "b@example.com"}), "Subject: s\n\nHi\n");
    EXPECT_EQ(mail.commands[0], "MAIL FROM:<me@a.example>") << sender;
    EXPECT_THAT(mail.content, HasSubstr("From: me@a.example\r\n")) << sender;
  }
  EXPECT_EQ(prepared(call({"-f", "me", "b@example.com"}), "Hi\n").commands[0],
            "MAIL FROM:<me@host.example>");
  EXPECT_FALSE(prepare_mail(call({"-f", "a@b.example, c@d.example", "x@y.z"}), www, "Hi\n"));
  EXPECT_FALSE(prepare_mail(call({"-f", " ", "x@y.z"}), www, "Hi\n"));
}

TEST(SendmailMessageTest, announces_eight_bit_content_and_nobody_as_the_sender) {
  PreparedMail mail =
      prepared(call({"-f", "<>", "b@example.com"}), "From: x@y.z\n\nGr\xc3\xbc\xc3\x9f\n");
  EXPECT_EQ(mail.commands[0], "MAIL FROM:<> BODY=8BITMIME");
}

TEST(SendmailMessageTest, refuses_what_nobody_could_deliver) {
  EXPECT_FALSE(prepare_mail(call({"-t"}), www, "Subject: s\n\nHi\n"));
  EXPECT_FALSE(prepare_mail(call({}), www, "Subject: s\n\nHi\n"));
  EXPECT_FALSE(prepare_mail(call({"a@b.c\r\nRCPT TO:<x@y.z>"}), www, "Hi\n"));
  EXPECT_FALSE(prepare_mail(call({"-f", "a b@c", "x@y.z"}), www, "Hi\n"));
  EXPECT_FALSE(prepare_mail(call({"x@y.z"}), www, std::string_view("a\0b\n", 4)));
}

}  // namespace
}  // namespace waypost::cli
