#include "smtp/command.h"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

using testing::HasSubstr;

TEST(Command, knows_every_verb_in_any_case) {
  for (size_t index = 0; index < size_t(Verb::unknown); ++index) {
    const Verb verb = Verb(index);
    std::string word(name(verb));
    EXPECT_EQ(parse_command(word).verb, verb) << word;
    for (size_t at = 0; at < word.size(); at += 2) word[at] = char(word[at] | 0x20);
    EXPECT_EQ(parse_command(word).verb, verb) << word;
    EXPECT_EQ(parse_command(word + " x").verb, verb) << word;
    EXPECT_EQ(parse_command(word + "x").verb, Verb::unknown) << word;
  }
}

TEST(Command, splits_verb_and_arguments) {
  const Command command = parse_command("mail \t FROM:<a@b> SIZE=1 \t");
  EXPECT_EQ(command.verb, Verb::mail);
  EXPECT_EQ(command.word, "mail");
  EXPECT_EQ(command.arguments, "FROM:<a@b> SIZE=1");
}

TEST(Command, does_not_guess) {
  for (const char* line :
       {"", " ", " NOOP", "MAILFROM:<a@b>", "UNKNOWN", "unknown", "GET / HTTP/1.1"})
    EXPECT_EQ(parse_command(line).verb, Verb::unknown) << line;
}

TEST(Mail, reads_sender_and_parameters) {
  const auto mail = parse_mail("FROM:<a@B.example> SIZE=1234  body=8bitmime AUTH=<>");
  ASSERT_TRUE(mail) << mail.error().text();
  EXPECT_EQ(mail->sender, (Mailbox{"a", "b.example"}));
  EXPECT_EQ(mail->size_octets, 1234u);
  EXPECT_EQ(mail->body, BodyType::eight_bit_mime);
}

TEST(Mail, has_defaults) {
  const auto mail = parse_mail("from: <>");
  ASSERT_TRUE(mail) << mail.error().text();
  EXPECT_EQ(mail->sender, std::nullopt);
  EXPECT_EQ(mail->size_octets, std::nullopt);
  EXPECT_EQ(mail->body, BodyType::seven_bit);
  EXPECT_EQ(parse_mail("FROM:<a@b> BODY=7BIT")->body, BodyType::seven_bit);
}

TEST(Mail, takes_a_size_of_twenty_digits_as_too_large_rather_than_wrong) {
  constexpr uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=18446744073709551615")->size_octets, most);
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=99999999999999999999")->size_octets, most);
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=00000000000000000007")->size_octets, 7u);
  EXPECT_EQ(parse_mail("FROM:<a@b> SIZE=0")->size_octets, 0u);
}

struct Refusal {
  std::string_view arguments;
  int code;
  const char* enhanced;
  const char* text;
};

TEST(Mail, refuses_with_the_reply_to_send) {
  const Refusal rows[] = {
      {"", 501, "5.5.4", "FROM: is missing"},
      {"<a@b>", 501, "5.5.4", "FROM: is missing"},
      {"TO:<a@b>", 501, "5.5.4", "FROM: is missing"},
      {"FROM :<a@b>", 501, "5.5.4", "FROM: is missing"},
      {"FROM:", 501, "5.1.7", "angle brackets"},
      {"FROM:a@b", 501, "5.1.7", "MAIL FROM:<sender@example.org>"},
      {"FROM:\"Name\" <a@b>", 501, "5.1.7", "angle brackets"},
      {"FROM:<a@b", 501, "5.1.7", "expected >"},
      {"FROM:<a>", 501, "5.1.7", "local-part@domain"},
      {"FROM:<postmaster>", 501, "5.1.7", "needs a domain"},
      {"FROM:<a@b>SIZE=1", 501, "5.5.4", "space"},
      {"FROM:<a@b>>", 501, "5.5.4", "space"},
      {"FROM:<a@b> SIZE", 501, "5.5.4", "20 digits"},
      {"FROM:<a@b> SIZE=", 501, "5.5.4", "KEYWORD=VALUE"},
      {"FROM:<a@b> SIZE=-1", 501, "5.5.4", "20 digits"},
      {"FROM:<a@b> SIZE=1k", 501, "5.5.4", "20 digits"},
      {"FROM:<a@b> SIZE=0x10", 501, "5.5.4", "20 digits"},
      {"FROM:<a@b> SIZE=000000000000000000001", 501, "5.5.4", "20 digits"},
      {"FROM:<a@b> SIZE=1 size=2", 501, "5.5.4", "SIZE stands there twice"},
      {"FROM:<a@b> AUTH=<> AUTH=<>", 501, "5.5.4", "AUTH stands there twice"},
      {"FROM:<a@b> AUTH", 501, "5.5.4", "AUTH takes"},
      {"FROM:<a@b> BODY", 501, "5.5.4", "8BITMIME"},
      {"FROM:<a@b> BODY=BINARYMIME", 501, "5.5.4", "8BITMIME"},
      {"FROM:<a@b> =1", 501, "5.5.4", "KEYWORD=VALUE"},
      {"FROM:<a@b> A=B=C", 501, "5.5.4", "KEYWORD=VALUE"},
      {"FROM:<a@b> -X=1", 501, "5.5.4", "KEYWORD=VALUE"},
      {"FROM:<a@b> X,Y=1", 501, "5.5.4", "KEYWORD=VALUE"},
      {"FROM:<a@b> <c@d>", 501, "5.5.4", "KEYWORD=VALUE"},
      {"FROM:<a@b> BY=1", 555, "5.5.4", "BY is not supported"},
      {"FROM:<a@b> NOTIFY=NEVER", 555, "5.5.4", "NOTIFY is not supported"},
      {"FROM:<a@b> AUTH=+", 501, "5.5.4", "AUTH takes"},
      {"FROM:<a@b> RET=SOME", 501, "5.5.4", "FULL or HDRS"},
      {"FROM:<a@b> RET", 501, "5.5.4", "FULL or HDRS"},
      {"FROM:<a@b> ENVID", 501, "5.5.4", "ENVID takes"},
      {"FROM:<a@b> ENVID=a+0D+0Ab", 501, "5.5.4", "ENVID takes"},
      {"FROM:<a@b> ENVID=a+ZZ", 501, "5.5.4", "ENVID takes"},
      {"FROM:<a@b> ENVID=a+4", 501, "5.5.4", "ENVID takes"},
      {"FROM:<a@b> SMTPUTF8=1", 501, "5.5.4", "SMTPUTF8 takes no value"},
      {"FROM:<j\xc3\xb6rg@b>", 553, "5.6.7", "SMTPUTF8"},
      {"FROM:<j\xc3\xb6rg@b> X-SMTPUTF8", 553, "5.6.7", "SMTPUTF8"},
      {"FROM:<\"\xc3\xb6 SMTPUTF8 \"@b>", 553, "5.6.7", "SMTPUTF8"},
      {"FROM:<j\xf6rg@b> SMTPUTF8", 501, "5.1.7", "not UTF-8"},
      {"FROM:<a@b> SMTPUTF8 ENVID=\xc3\xb6", 501, "5.5.4", "ENVID takes"},
      {"FROM:<a\x1b@b>", 501, "5.1.7", "control"},
  };
  for (const Refusal& row : rows) {
    const auto mail = parse_mail(row.arguments);
    ASSERT_FALSE(mail) << row.arguments;
    EXPECT_EQ(mail.error().code, row.code) << row.arguments;
    EXPECT_EQ(mail.error().enhanced->text(), row.enhanced) << row.arguments;
    EXPECT_THAT(mail.error().text(), HasSubstr(row.text)) << row.arguments;
  }
}

TEST(Rcpt, reads_the_recipient) {
  EXPECT_EQ(parse_rcpt("TO:<a@B.example>")->recipient, (Mailbox{"a", "b.example"}));
  EXPECT_EQ(parse_rcpt("to:  <@x.example:a@b.example> ")->recipient, (Mailbox{"a", "b.example"}));
  EXPECT_EQ(parse_rcpt("TO:<Postmaster>")->recipient, (Mailbox{"postmaster", ""}));
}

TEST(Rcpt, refuses_with_the_reply_to_send) {
  const Refusal rows[] = {
      {"", 501, "5.5.4", "TO: is missing"},
      {"FROM:<a@b>", 501, "5.5.4", "TO: is missing"},
      {"TO:<>", 501, "5.1.3", "cannot be empty"},
      {"TO:a@b", 501, "5.1.3", "RCPT TO:<recipient@example.org>"},
      {"TO:<a@b..c>", 501, "5.1.3", "empty label"},
      {"TO:<a@b>,<c@d>", 501, "5.5.4", "space"},
      {"TO:<a@b> RET=FULL", 555, "5.5.4", "RET is not supported"},
      {"TO:<a@b> NOTIFY", 501, "5.5.4", "NOTIFY takes"},
      {"TO:<a@b> NOTIFY=SUCCESS,", 501, "5.5.4", "NOTIFY takes"},
      {"TO:<a@b> NOTIFY=ALWAYS", 501, "5.5.4", "NOTIFY takes"},
      {"TO:<a@b> NOTIFY=NEVER,DELAY", 501, "5.5.4", "stands alone"},
      {"TO:<a@b> NOTIFY=DELAY NOTIFY=DELAY", 501, "5.5.4", "twice"},
      {"TO:<a@b> ORCPT", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=ann@example.net", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=rfc822;", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=;a@b", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=rfc822;a+0Ab", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=utf-8;\\x{D800}", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=utf-8;\\x{202E}", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> ORCPT=utf-8;a+40b", 501, "5.5.4", "ORCPT takes"},
      {"TO:<a@b> <c@d>", 501, "5.5.4", "KEYWORD=VALUE"},
      {"TO:<a@b\xc3\xbc>", 553, "5.6.7", "SMTPUTF8"},
  };
  for (const Refusal& row : rows) {
    const auto rcpt = parse_rcpt(row.arguments);
    ASSERT_FALSE(rcpt) << row.arguments;
    EXPECT_EQ(rcpt.error().code, row.code) << row.arguments;
    EXPECT_EQ(rcpt.error().enhanced->text(), row.enhanced) << row.arguments;
    EXPECT_THAT(rcpt.error().text(), HasSubstr(row.text)) << row.arguments;
  }
}

TEST(Mail, reads_what_the_sender_wants_to_be_told) {
  const auto mail = parse_mail("FROM:<a@b> ret=hdrs ENVID=QQ+2B1+20+3D+7E");
  ASSERT_TRUE(mail) << mail.error().text();
  EXPECT_EQ(mail->dsn.returns, ReturnContent::headers);
  EXPECT_EQ(mail->dsn.envelope_id, "QQ+1 =~");
  EXPECT_EQ(parse_mail("FROM:<a@b> RET=FULL")->dsn.returns, ReturnContent::full);
  EXPECT_EQ(parse_mail("FROM:<a@b>")->dsn, MessageDsn());
  EXPECT_TRUE(parse_mail("FROM:<a@b> ENVID=" + std::string(100, 'x')));
  EXPECT_FALSE(parse_mail("FROM:<a@b> ENVID=" + std::string(101, 'x')));
}

TEST(Mail, takes_utf8_where_it_is_asked_for) {
  const auto mail = parse_mail(
      "FROM:<j\xc3\xb6rg@b\xc3\xbc"
      "cher.example> SMTPUTF8 SIZE=1");
  ASSERT_TRUE(mail) << mail.error().text();
  EXPECT_TRUE(mail->smtputf8);
  EXPECT_EQ(mail->sender, (Mailbox{"j\xc3\xb6rg",
                                   "b\xc3\xbc"
                                   "cher.example"}));
  EXPECT_TRUE(parse_mail("FROM:<a@b> smtputf8")->smtputf8);
  EXPECT_FALSE(parse_mail("FROM:<a@b>")->smtputf8);
}

TEST(Rcpt, reads_what_the_sender_wants_to_be_told) {
  const auto rcpt = parse_rcpt("TO:<a@b> NOTIFY=Success,DELAY ORCPT=RFC822;ann+2Bx@example.net");
  ASSERT_TRUE(rcpt) << rcpt.error().text();
  EXPECT_EQ(rcpt->dsn.notify, (Notify{.success = true, .delay = true}));
  EXPECT_EQ(rcpt->dsn.original_recipient, "rfc822;ann+x@example.net");
  EXPECT_EQ(parse_rcpt("TO:<a@b> NOTIFY=NEVER")->dsn.notify, Notify{.never = true});
  EXPECT_EQ(parse_rcpt("TO:<a@b>")->dsn, RecipientDsn());
  EXPECT_TRUE(parse_rcpt("TO:<a@b> ORCPT=rfc822;" + std::string(493, 'x')));
  EXPECT_FALSE(parse_rcpt("TO:<a@b> ORCPT=rfc822;" + std::string(494, 'x')));
}

TEST(Rcpt, reads_an_original_recipient_beyond_ascii_in_both_forms) {
  const std::string expected = "utf-8;j\xc3\xb6rg@example.net";
  EXPECT_EQ(parse_rcpt("TO:<a@b> ORCPT=utf-8;j\\x{F6}rg@example.net")->dsn.original_recipient,
            expected);
  const std::string raw = "TO:<a@b> ORCPT=utf-8;j\xc3\xb6rg@example.net";
  EXPECT_EQ(parse_rcpt(raw, Characters::utf8)->dsn.original_recipient, expected);
  EXPECT_FALSE(parse_rcpt(raw)) << "not in a transaction without SMTPUTF8";
}

TEST(Bdat, reads_the_chunk) {
  EXPECT_EQ(parse_bdat("0")->octets, 0u);
  EXPECT_FALSE(parse_bdat("0")->last);
  EXPECT_EQ(parse_bdat("1000  last")->octets, 1000u);
  EXPECT_TRUE(parse_bdat("1000 LAST")->last);
  EXPECT_EQ(parse_bdat("18446744073709551616")->octets, std::numeric_limits<uint64_t>::max());
  for (const char* arguments : {"", "LAST", "-1", "+1", "0x10", "1e3", "1 2", "10 LASTX",
                                "10 LAST LAST", "999999999999999999999"})
    EXPECT_EQ(parse_bdat(arguments).error().code, 501) << arguments;
}

}  // namespace
}  // namespace waypost::smtp
