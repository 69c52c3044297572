#include "message/dsn_writer.h"

#include <chrono>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/message/dsn_properties.h"

namespace waypost::message {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;
using namespace std::string_literals;

const WallTime noon =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + std::chrono::hours(12);

Dsn sample() {
  Dsn dsn;
  dsn.hostname = "relay.example";
  dsn.id = "019aa5c0-1234-7abc-8def-0123456789ab";
  dsn.at = noon;
  dsn.to = "app@example.com";
  dsn.subject = "Not delivered: ann@example.net";
  dsn.text = "It was not delivered.\n";
  dsn.arrived_at = noon - std::chrono::minutes(1);
  dsn.message_id = "<one@example.com>";
  DsnRecipient recipient;
  recipient.address = "ann@example.net";
  recipient.status = "5.1.1";
  recipient.remote_host = "mx.example.net";
  recipient.diagnostic = "550 5.1.1 No such user";
  recipient.is_reply = true;
  dsn.recipients = {recipient};
  dsn.part = ReturnedPart::header;
  dsn.returned = "From: app@example.com\r\nSubject: Hello\r\n\r\nThe body\r\n";
  return dsn;
}

// Written, and checked for what holds of every notice.
WrittenDsn written(const Dsn& dsn) {
  WrittenDsn made = write_dsn(dsn);
  EXPECT_EQ(breach_of(dsn, made), "") << made.header << made.body;
  return made;
}

std::string part(const Dsn& dsn, size_t index) { return parts_of(written(dsn)).at(index); }

std::string status(const Dsn& dsn) { return part(dsn, 1); }

// A field's value as a reader gets it.
std::string value(std::string_view fields, std::string_view name) {
  HeaderBlock block = scan_header_block(fields);
  const HeaderField* field = block.find(name);
  return field ? unfold(field->value) : "none";
}

std::string value_for_recipient(const Dsn& dsn, std::string_view name) {
  std::string octets = status(dsn);
  // The part's own header, the fields of the message, those of the first recipient.
  for (int i = 0; i < 2; ++i) octets = octets.substr(octets.find("\r\n\r\n") + 4);
  return value(octets, name);
}

TEST(DsnWriter, writes_a_report_that_answers_a_message) {
  WrittenDsn made = written(sample());
  EXPECT_EQ(value(made.header, "From"), "\"Mail Delivery System\" <postmaster@relay.example>");
  EXPECT_EQ(value(made.header, "To"), "<app@example.com>");
  EXPECT_EQ(value(made.header, "Message-ID"),
            "<019aa5c0-1234-7abc-8def-0123456789ab@relay.example>");
  EXPECT_EQ(value(made.header, "In-Reply-To"), "<one@example.com>");
  EXPECT_EQ(value(made.header, "References"), "<one@example.com>");
  EXPECT_EQ(value(made.header, "Auto-Submitted"), "auto-replied");
  EXPECT_THAT(value(made.header, "Content-Type"),
              StartsWith("multipart/report; report-type=delivery-status; boundary="));
  EXPECT_FALSE(made.eight_bit);
}

TEST(DsnWriter, says_for_programs_what_became_of_each_recipient) {
  Dsn dsn = sample();
  dsn.envelope_id = "QQ314159";
  dsn.recipients[0].original = "rfc822;ann@elsewhere.example";
  dsn.recipients[0].last_attempt_at = noon;
  DsnRecipient delayed;
  delayed.address = "bob@example.net";
  delayed.action = DsnAction::delayed;
  delayed.status = "4.4.1";
  delayed.diagnostic = "connection refused";
  delayed.will_retry_until = noon + std::chrono::days(5);
  dsn.recipients.push_back(delayed);
  EXPECT_EQ(status(dsn),
            "Content-Type: message/delivery-status\r\n"
            "\r\n"
            "Reporting-MTA: dns; relay.example\r\n"
            "Original-Envelope-Id: QQ314159\r\n"
            "Arrival-Date: Sat, 21 Nov 2026 11:59:00 +0000\r\n"
            "\r\n"
            "Original-Recipient: rfc822;ann@elsewhere.example\r\n"
            "Final-Recipient: rfc822;ann@example.net\r\n"
            "Action: failed\r\n"
            "Status: 5.1.1\r\n"
            "Remote-MTA: dns; mx.example.net\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 No such user\r\n"
            "Last-Attempt-Date: Sat, 21 Nov 2026 12:00:00 +0000\r\n"
            "\r\n"
            "Final-Recipient: rfc822;bob@example.net\r\n"
            "Action: delayed\r\n"
            "Status: 4.4.1\r\n"
            "Diagnostic-Code: x-waypost; connection refused\r\n"
            "Will-Retry-Until: Thu, 26 Nov 2026 12:00:00 +0000\r\n");
}

TEST(DsnWriter, lets_no_text_from_outside_begin_a_field_or_a_line) {
  for (const std::string& hostile :
       {"x\r\nBcc: victim@example.org"s, "x\nBcc: v"s, "x\rBcc: v"s, "x\r\n\r\nBody"s, "a\0b"s,
        "\x1b[2J"s, "\xff\xfe"s, std::string(64 * 1024, 'x'), std::string(64 * 1024, '\n'),
        "a" + std::string(5000, ' ') + "b", "\r\n"s, "   "s, "x\x7f"s}) {
    Dsn dsn = sample();
    dsn.to = dsn.subject = dsn.envelope_id = dsn.message_id = hostile;
    dsn.text = hostile;
    DsnRecipient& recipient = dsn.recipients[0];
    recipient.original = recipient.address = recipient.status = recipient.remote_host = hostile;
    recipient.diagnostic = hostile;
    WrittenDsn made = written(dsn);
    EXPECT_EQ(count_of(made.header, "\r\nBcc"), 0u);
    dsn.utf8 = true;
    written(dsn);
  }
}

TEST(DsnWriter, shows_what_is_not_ascii_by_its_octets_but_utf8_where_that_may_stand) {
  Dsn dsn = sample();
  dsn.recipients[0].diagnostic = "550 caf\xc3\xa9 \x01";
  EXPECT_EQ(value_for_recipient(dsn, "Diagnostic-Code"), "smtp; 550 caf\\xC3\\xA9 \\x01");
  dsn.utf8 = true;
  EXPECT_THAT(status(dsn), HasSubstr("Content-Transfer-Encoding: quoted-printable\r\n"));
  EXPECT_THAT(status(dsn), HasSubstr("smtp; 550 caf=C3=A9 \\x01"));
}

TEST(DsnWriter, folds_so_that_unfolding_gives_the_text_back) {
  Dsn dsn = sample();
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word  with   blanks ";
  dsn.recipients[0].diagnostic = words + "end";
  EXPECT_EQ(value_for_recipient(dsn, "Diagnostic-Code"), "smtp; " + words + "end");
  std::string lines = status(dsn);
  for (std::string_view rest = lines; !rest.empty();) {
    EXPECT_LE(rest.find("\r\n"), 78u);
    rest.remove_prefix(rest.find("\r\n") + 2);
  }
}

TEST(DsnWriter, keeps_the_longest_address_whole) {
  Dsn dsn = sample();
  std::string longest = std::string(64, 'a') + "@" + std::string(250, 'b') + ".example";
  dsn.recipients[0].address = "\"two  blanks\"@example.net";
  dsn.recipients[0].original = "rfc822;" + longest;
  EXPECT_EQ(value_for_recipient(dsn, "Final-Recipient"), "rfc822;\"two  blanks\"@example.net");
  EXPECT_EQ(value_for_recipient(dsn, "Original-Recipient"), "rfc822;" + longest);
}

TEST(DsnWriter, names_no_message_whose_name_is_no_name) {
  for (const std::string& name : {"one@example.com"s, "<a b@c>"s, "<a@b>\r\nBcc: <v@w>"s,
                                  "<" + std::string(1000, 'x') + "@y>", "<caf\xc3\xa9@x>"s, "<"s}) {
    Dsn dsn = sample();
    dsn.message_id = name;
    EXPECT_THAT(written(dsn).header, Not(HasSubstr("References"))) << name;
  }
}

TEST(DsnWriter, takes_a_boundary_that_stands_in_no_part) {
  Dsn dsn = sample();
  std::string boundary = "--=_" + dsn.id;
  dsn.text = boundary + "\n" + boundary + "_\n" + boundary + "--\n";
  dsn.part = ReturnedPart::message;
  dsn.returned = "Subject: x\r\n\r\n" + boundary + "--\r\n" + boundary + "__\r\n";
  EXPECT_THAT(parts_of(written(dsn)), SizeIs(3));
}

TEST(DsnWriter, returns_the_message_octet_by_octet) {
  Dsn dsn = sample();
  dsn.part = ReturnedPart::message;
  EXPECT_EQ(
      part(dsn, 2),
      "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + dsn.returned);
  dsn.returned = "Subject: x\r\n\r\ncaf\xe9\r\n";
  EXPECT_THAT(part(dsn, 2), HasSubstr("8bit\r\n\r\n" + dsn.returned));
  EXPECT_TRUE(write_dsn(dsn).eight_bit);
}

TEST(DsnWriter, returns_the_header_alone_where_that_is_asked) {
  EXPECT_EQ(part(sample(), 2),
            "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
            "From: app@example.com\r\nSubject: Hello\r\n");
  Dsn none = sample();
  none.part = ReturnedPart::none;
  EXPECT_THAT(parts_of(written(none)), SizeIs(2));
}

TEST(DsnWriter, returns_the_header_alone_of_a_message_that_no_server_would_take) {
  for (const std::string& body :
       {std::string(999, 'x') + "\r\n", "a\nb\r\n"s, "a\rb\r\n"s, "\0\r\n"s}) {
    Dsn dsn = sample();
    dsn.part = ReturnedPart::message;
    dsn.returned = "Subject: Hello\r\n\r\n" + body;
    EXPECT_EQ(part(dsn, 2),
              "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
              "Subject: Hello\r\n");
  }
}

TEST(DsnWriter, encodes_a_header_that_is_not_ascii_or_has_long_lines) {
  Dsn dsn = sample();
  dsn.returned = "Subject: caf\xe9\r\nX-Long: " + std::string(2000, 'x') + "\r\n\r\n";
  EXPECT_THAT(part(dsn, 2), HasSubstr("quoted-printable\r\n\r\nSubject: caf=E9\r\nX-Long: xxx"));
}

TEST(DsnWriter, has_the_forms_of_rfc_6533_for_utf8_addresses) {
  Dsn dsn = sample();
  dsn.utf8 = true;
  dsn.to = "gr\xc3\xa9goire@example.com";
  dsn.recipients[0].address = "\xc3\xa9lise@example.net";
  WrittenDsn made = written(dsn);
  EXPECT_EQ(value(made.header, "To"), "<gr\xc3\xa9goire@example.com>");
  EXPECT_TRUE(made.eight_bit);
  EXPECT_THAT(made.body, HasSubstr("Content-Type: message/global-delivery-status\r\n"));
  EXPECT_THAT(made.body, HasSubstr("Final-Recipient: utf-8;=C3=A9lise@example.net\r\n"));
  EXPECT_THAT(made.body, HasSubstr("Content-Type: message/global-headers\r\n"));
  dsn.part = ReturnedPart::message;
  EXPECT_THAT(written(dsn).body, HasSubstr("Content-Type: message/global\r\n"));
}

TEST(DsnWriter, encodes_the_text_for_people_where_it_must) {
  Dsn dsn = sample();
  EXPECT_EQ(part(dsn, 0),
            "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
            "It was not delivered.\r\n");
  dsn.text = "\xc3\xa9 = 1 \n" + std::string(100, 'x') + "\n";
  EXPECT_EQ(part(dsn, 0),
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            "=C3=A9 =3D 1=20\r\n" +
                std::string(75, 'x') + "=\r\n" + std::string(25, 'x') + "\r\n");
}

}  // namespace
}  // namespace waypost::message
