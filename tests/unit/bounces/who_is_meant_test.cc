#include <gtest/gtest.h>

#include "bounces/incoming.h"
#include "bounces/quoted_header.h"

// Whom a notice means, and how sure that is.
namespace waypost::bounces {
namespace {

constexpr std::string_view returned =
    "--b\nContent-Type: message/rfc822\n\nFrom: app@shop.example\nTo: ann@a.example\n"
    "Subject: hello\n\nHello\n--b--\n";

Incoming notice(std::string_view words, bool has_returned = false, std::string_view field = {}) {
  std::string octets =
      "From: MAILER-DAEMON@mx.example\nTo: bx@bounces.shop.example\n"
      "Subject: Mail delivery failed\n" +
      std::string(field) + "MIME-Version: 1.0\n";
  if (!has_returned) return read_incoming(octets + "\n" + std::string(words) + "\n");
  return read_incoming(octets + "Content-Type: multipart/mixed; boundary=b\n\n--b\n\n" +
                       std::string(words) + "\n" + std::string(returned));
}

Recipient only(const Incoming& incoming) {
  EXPECT_EQ(incoming.recipients.size(), 1u);
  return incoming.recipients.empty() ? Recipient() : incoming.recipients.front();
}

TEST(WhoIsMeant, an_address_in_the_words_comes_before_the_returned_message) {
  for (bool has_returned : {true, false}) {
    const Recipient found =
        only(notice("Ihre Nachricht an ann.private@b.example konnte nicht zugestellt werden:\n\n"
                    "550 5.1.1 User unknown",
                    has_returned));
    EXPECT_EQ(found.address, "ann.private@b.example");
    EXPECT_EQ(found.source, Source::words);
  }
}

TEST(WhoIsMeant, who_stands_in_the_returned_message_alone_is_a_guess) {
  const Recipient found = only(notice("Nicht zugestellt:\n\n550 5.1.1 User unknown", true));
  EXPECT_EQ(found.address, "ann@a.example");
  EXPECT_EQ(found.source, Source::nothing);
  const Recipient none = only(notice("Nicht zugestellt:\n\n550 5.1.1 User unknown"));
  EXPECT_EQ(none.address, "");
  EXPECT_EQ(none.source, Source::nothing);
}

TEST(WhoIsMeant, who_stands_by_themselves_are_named_in_quotes_too) {
  for (const char* line : {"ann@a.example:", "<ann@a.example>:", "\"ann@a.example\":"}) {
    const Recipient found = only(notice(std::string(line) + "\n550 5.1.1 User unknown"));
    EXPECT_EQ(found.address, "ann@a.example") << line;
    EXPECT_EQ(found.source, Source::words) << line;
  }
}

TEST(WhoIsMeant, an_alias_is_told_by_the_words_around_it) {
  const char* words =
      "This message was created automatically by mail delivery software.\n\n"
      "A message that you sent could not be delivered to one or more of its\n"
      "recipients. This is a permanent error. The following address(es) failed:\n\n"
      "  an undisclosed address\n    (generated from ann@a.example)\n"
      "    SMTP error from remote mail server after RCPT TO:<x@b.example>:\n"
      "    550 5.1.1 User unknown\n";
  EXPECT_TRUE(notice(words, false, "X-Failed-Recipients: ann@a.example\n").was_passed_on);
  EXPECT_FALSE(notice("ann@a.example:\n550 5.1.1 User unknown").was_passed_on);
}

TEST(WhoIsMeant, what_it_quotes_of_our_header_is_neither_recipient_nor_reply) {
  const Incoming full = notice(
      "\"bob@b.example\":\nDas Postfach des Empfaengers ist voll: 552 5.2.2\n\n"
      "--- Kopfzeilen der Nachricht ---\n\nTo: ann@a.example\n"
      "Subject: 550 5.1.1 User unknown - monitoring alert\n\nann@a.example:\n550 5.1.1 No such "
      "user\n");
  EXPECT_EQ(only(full).address, "bob@b.example");
  EXPECT_EQ(only(full).reply.find("Subject"), std::string::npos) << only(full).reply;
  EXPECT_EQ(full.mentioned, std::vector<std::string>{"bob@b.example"});
  // Without a line above it, what stands below may be of the message.
  const Incoming unsure = notice(
      "Le message n'a pas ete remis.\n\n> To: ann@a.example\n> Subject: hello\n\n"
      "ann@a.example:\n550 5.1.1 No such user\n");
  EXPECT_EQ(only(unsure).source, Source::nothing);
  const Incoming alone = notice(
      "Das Postfach ist voll.\n\nTo: ann@a.example\nSubject: Your account has been closed\n");
  for (const Recipient& one : alone.recipients) EXPECT_NE(one.source, Source::words) << one.reply;
}

TEST(WhoIsMeant, fields_name_whom_they_name_unless_it_led_on) {
  const auto read = [](std::string_view words, std::string_view fields) {
    return only(read_incoming(
        "From: MAILER-DAEMON@mx.example\nSubject: Undelivered\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\n" +
        std::string(words) + "\n--b\nContent-Type: message/delivery-status\n\n" +
        std::string(fields) + "\n--b--\n"));
  };
  const std::string ann = "Final-Recipient: rfc822; ann@a.example\nAction: failed\nStatus: 5.0.0\n";
  const std::string reply = "Diagnostic-Code: smtp; 550 5.1.1 User unknown";
  EXPECT_EQ(read("words", ann + reply).source, Source::fields);
  EXPECT_EQ(read("words", ann + "X-Actual-Recipient: rfc822; x@b.example\n" + reply).source,
            Source::nothing);
  const std::string told = "\n\n550 5.1.1 User unknown";
  EXPECT_EQ(read("Your message was refused:" + told, ann).source, Source::words);
  EXPECT_EQ(read("Your message to ann@a.example:" + told, ann).source, Source::words);
  const Recipient other = read("Your message to x@b.example:" + told, ann);
  EXPECT_EQ(other.address, "ann@a.example");
  EXPECT_EQ(other.source, Source::nothing);
}

TEST(WhoIsMeant, what_is_tried_again_has_not_failed) {
  const Recipient found =
      only(notice("This is a temporary error, I will try again.\n\nann@a.example: user unknown: "
                  "550 no such user"));
  EXPECT_EQ(found.action, message::ReportedAction::delayed);
}

TEST(QuotedHeader, is_two_usual_fields_or_one_below_dashes) {
  const auto found = [](std::string_view text) { return find_quoted_header(text).has_value(); };
  EXPECT_TRUE(found("x\n\nFrom: a\nTo: b\n\nbody"));
  EXPECT_TRUE(found("> From: a\n> Received: x\n>   y\n"));
  EXPECT_TRUE(found("  Von: a\n  Betreff: b"));
  EXPECT_TRUE(found("---- Nachricht ----\n\nTo: b\n"));
  EXPECT_FALSE(found("To: b\n"));
  EXPECT_FALSE(found("To: b\n550 no\nFrom: a\n"));
  EXPECT_FALSE(found("Final-Recipient: a\nAction: failed\nStatus: 5.1.1\n"));
  EXPECT_FALSE(found(""));
  EXPECT_EQ(without_quoted_headers("a\nTo: b\nCc: c\nd"), "a\n     \n     \nd");
}

}  // namespace
}  // namespace waypost::bounces
