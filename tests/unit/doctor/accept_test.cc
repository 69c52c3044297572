#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/report_words.h"
#include "doctor/test_message.h"
#include "tests/unit/doctor/filled.h"
#include "tests/unit/doctor/scripted_session.h"

// Rung 5 against servers that answer by a script.
namespace waypost::doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class WalkAccept : public ScriptedSession {
 protected:
  WalkAccept() { request_.to = "bob@example.net"; }
};

TEST_F(WalkAccept, passes_and_sends_nothing) {
  RungResult result = accept();
  EXPECT_EQ(result.status, RungStatus::pass);
  EXPECT_EQ(result.line, "bob@example.net accepted, nothing sent");
  EXPECT_THAT(heard_,
              ElementsAre("MAIL FROM:<ann@example.com>", "RCPT TO:<bob@example.net>", "RSET"));
  EXPECT_EQ(context_.effects.messages_sent, 0u);
}

TEST_F(WalkAccept, asks_about_our_own_address_when_nobody_else_is_named) {
  request_.to.clear();
  accept();
  EXPECT_TRUE(heard("RCPT TO:<ann@example.com>"));
}

TEST_F(WalkAccept, asks_nothing_when_nobody_is_named) {
  request_.to.clear();
  request_.user.clear();
  RungResult result = accept();
  EXPECT_EQ(result.status, RungStatus::skipped);
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkAccept, asks_a_mail_host_about_postmaster) {
  request_.to.clear();
  request_.user.clear();
  request_.mail_exchanger = true;
  request_.host = "example.com";
  accept();
  EXPECT_TRUE(heard("MAIL FROM:<>"));
  EXPECT_TRUE(heard("RCPT TO:<postmaster@example.com>"));
}

TEST_F(WalkAccept, sends_nobody_to_a_login_where_mail_for_a_domain_comes_in) {
  request_.user.clear();
  request_.mail_exchanger = true;
  request_.host = "example.net";
  script({{"RCPT", "554 5.7.1 <bob@example.net>: Relay access denied"}});
  EXPECT_EQ(ids(accept()), "M5028");
  request_.host = "elsewhere.test";
  EXPECT_EQ(ids(accept()), "M5001");
}

TEST_F(WalkAccept, says_no_address_beyond_ascii_to_a_server_without_smtputf8) {
  request_.to = "j\xc3\xb6rg@example.net";
  EXPECT_EQ(ids(accept()), "M5029");
  EXPECT_FALSE(heard("MAIL FROM:<ann@example.com>"));
  session_->capabilities.smtputf8 = true;
  EXPECT_EQ(accept().status, RungStatus::pass);
  EXPECT_TRUE(heard("MAIL FROM:<ann@example.com> SMTPUTF8"));
  EXPECT_TRUE(heard("RCPT TO:<j\xc3\xb6rg@example.net>"));
}

TEST_F(WalkAccept, says_a_domain_beyond_ascii_by_its_a_labels) {
  request_.to = "bob@ex\xc3\xa4mple.net";
  EXPECT_EQ(accept().status, RungStatus::pass);
  EXPECT_TRUE(heard("RCPT TO:<bob@xn--exmple-cua.net>"));
}

TEST_F(WalkAccept, tells_the_size_where_the_server_has_one) {
  session_->capabilities.size = true;
  session_->capabilities.size_octets_max = 50'000'000;
  request_.message_octets = 1'234'567;
  EXPECT_EQ(accept().status, RungStatus::pass);
  EXPECT_TRUE(heard("MAIL FROM:<ann@example.com> SIZE=1234567"));
}

TEST_F(WalkAccept, does_not_try_what_is_larger_than_the_server_says) {
  session_->capabilities.size = true;
  session_->capabilities.size_octets_max = 10'000'000;
  request_.message_octets = 26'000'000;
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5008");
  EXPECT_EQ(result.status, RungStatus::fail);
  EXPECT_EQ(result.findings[0].parameters.at("limit"), "10.0 MB");
  EXPECT_EQ(result.findings[0].parameters.at("size"), "26.0 MB");
  EXPECT_FALSE(heard("MAIL"));
}

TEST_F(WalkAccept, warns_of_a_limit_that_ordinary_mail_exceeds) {
  session_->capabilities.size = true;
  session_->capabilities.size_octets_max = 2000;
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5008");
  EXPECT_EQ(result.status, RungStatus::warn);
  EXPECT_TRUE(heard("RCPT"));
}

TEST_F(WalkAccept, sends_the_message_only_when_that_is_wanted) {
  request_.send = true;
  script({{"DATA", "354 go on"}, {".", "250 2.0.0 Ok: queued as 4XyZ"}});
  RungResult result = accept();
  EXPECT_EQ(result.status, RungStatus::pass);
  EXPECT_EQ(context_.effects.messages_sent, 1u);
  EXPECT_TRUE(heard("Subject: Test message of waypost doctor"));
  EXPECT_TRUE(heard("To: bob@example.net"));
  EXPECT_EQ(heard_.back(), ".");
}

seeds::Seed seed(std::string address) {
  seeds::Seed made;
  made.address = std::move(address);
  return made;
}

TEST_F(WalkAccept, sends_each_seed_a_message_of_its_own) {
  request_.send = true;
  request_.to.clear();
  for (const char* address : {"seed@a.test", "seed@b.test"})
    request_.seeds.all.push_back(seed(address));
  script({{"DATA", "354 go on"}, {".", "250 2.0.0 Ok"}});
  RungResult result = accept();
  EXPECT_EQ(result.line, "messages taken for 2 recipients");
  EXPECT_EQ(context_.effects.messages_sent, 2u);
  EXPECT_TRUE(heard("RCPT TO:<seed@a.test>") && heard("RCPT TO:<seed@b.test>"));
  EXPECT_FALSE(heard("RSET"));
  ASSERT_EQ(session_->sent.size(), 2u);
  EXPECT_EQ(session_->sent[1].recipient, "seed@b.test");
  EXPECT_NE(session_->sent[0].token, session_->sent[1].token);
  EXPECT_TRUE(heard("X-Waypost-Doctor: " + session_->sent[0].token));
}

TEST_F(WalkAccept, ends_with_the_first_seed_that_is_refused) {
  request_.send = true;
  request_.to.clear();
  for (const char* address : {"seed@a.test", "seed@b.test"})
    request_.seeds.all.push_back(seed(address));
  script({{"RCPT TO:<seed@b.test>", "550 5.1.1 no such user"},
          {"DATA", "354 go on"},
          {".", "250 2.0.0 Ok"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5004");
  EXPECT_EQ(heard_.back(), "RSET");
}

TEST_F(WalkAccept, sends_a_mail_host_nothing_for_seeds_elsewhere) {
  request_.send = true;
  request_.to.clear();
  request_.user.clear();
  request_.mail_exchanger = true;
  request_.host = "a.test";
  request_.seeds.all.push_back(seed("seed@b.test"));
  RungResult result = accept();
  EXPECT_EQ(result.status, RungStatus::unknown);
  EXPECT_TRUE(heard_.empty());
}

TEST_F(WalkAccept, does_not_say_that_nothing_was_sent_where_the_reply_was_lost) {
  request_.send = true;
  script({{"DATA", "354 go on"}, {".", "close"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5022");
  EXPECT_EQ(result.status, RungStatus::unknown);
  EXPECT_EQ(context_.effects.messages_sent, 0u);
  EXPECT_EQ(context_.effects.messages_unknown, 1u);
  EXPECT_THAT(result.findings[0].notes, testing::Contains(HasSubstr("it may arrive")));
  Report report;
  report.effects = context_.effects;
  EXPECT_THAT(side_effects_of(report), HasSubstr("not known"));
}

TEST_F(WalkAccept, says_whether_a_server_that_does_not_relay_takes_its_own_mail) {
  request_.user.clear();
  request_.from = "ann@example.com";
  script({{"RCPT TO:<bob", "554 5.7.1 <bob@example.net>: Relay access denied"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5001");
  EXPECT_EQ(result.status, RungStatus::fail);
  EXPECT_THAT(result.findings[0].notes,
              testing::Contains(HasSubstr("RCPT TO:<postmaster@example.com> -> 250")));
  EXPECT_THAT(result.findings[0].observed, HasSubstr("Relay access denied"));
  EXPECT_FALSE(result.findings[0].evidence.empty());
}

TEST_F(WalkAccept, tells_a_login_that_does_not_help_from_no_login) {
  session_->logged_in = true;
  script({{"RCPT TO:<bob", "554 5.7.1 <bob@example.net>: Relay access denied"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5002");
  EXPECT_EQ(result.findings[0].parameters.at("seen"), "mail for bob@example.net");
}

TEST_F(WalkAccept, speaks_of_no_recipient_where_the_sender_is_refused) {
  session_->logged_in = true;
  script({{"MAIL", "554 5.7.1 Relay access denied"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5002");
  EXPECT_EQ(result.findings[0].parameters.at("seen"), "the sender");
}

TEST_F(WalkAccept, means_the_login_where_tls_is_asked_for_inside_tls) {
  script({{"MAIL", "530 5.7.0 Must issue a STARTTLS command first"}});
  EXPECT_EQ(ids(accept()), "M5018");
}

TEST_F(WalkAccept, knows_a_server_that_wants_tls_first) {
  session_->encrypted = false;
  script({{"MAIL", "530 5.7.0 Must issue a STARTTLS command first"}});
  EXPECT_EQ(ids(accept()), "M5012");
}

TEST_F(WalkAccept, tells_a_connection_that_ends) {
  script({{"RCPT", "close"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5022");
  EXPECT_EQ(result.status, RungStatus::unknown);
  EXPECT_EQ(result.line, "the connection ended after RCPT TO");
  expect_filled(result.findings[0]);
}

TEST_F(WalkAccept, tells_a_server_that_does_not_answer) {
  script({{"MAIL", ""}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), "M5021");
  EXPECT_EQ(result.line, "no answer to MAIL FROM");
  EXPECT_EQ(result.findings[0].parameters.at("seconds"), "1 m 0 s");
  EXPECT_EQ(result.status, RungStatus::unknown);
  expect_filled(result.findings[0]);
}

TEST_F(WalkAccept, calls_a_code_that_cannot_stand_there_no_refusal) {
  struct Row {
    const char* command;
    const char* reply;
  };
  request_.send = true;
  for (const Row& row :
       {Row{"MAIL", "354 go"}, Row{"MAIL", "150 hm"}, Row{"RCPT", "650 hm"}, Row{"RCPT", "354 go"},
        Row{"RCPT", "999 hm"}, Row{"DATA", "250 ok"}, Row{".", "354 more"}, Row{"MAIL", "what?"}}) {
    class Case : public WalkAccept {
     public:
      void TestBody() override {}
      RungResult result(const Row& row) {
        request_.send = true;
        script({{row.command, row.reply}, {"DATA", "354 go on"}});
        return accept();
      }
    } one;
    RungResult result = one.result(row);
    EXPECT_EQ(ids(result), "M5023") << row.reply;
    EXPECT_EQ(result.status, RungStatus::fail) << row.reply;
    expect_filled(result.findings[0]);
  }
}

TEST_F(WalkAccept, says_whose_address_a_sandbox_does_not_know) {
  request_.send = true;
  const std::string words =
      "554 Message rejected: Email address is not verified. The following identities failed the "
      "check in region US-EAST-1: ";
  const std::pair<const char*, const char*> rows[] = {{"bob@example.net", "M5024"},
                                                      {"ann@example.com", "M5014"},
                                                      {"ann@example.com, bob@example.net", "M5014"},
                                                      {"example.net", "M5024"}};
  for (const auto& [identities, id] : rows) {
    class Case : public WalkAccept {
     public:
      void TestBody() override {}
      RungResult result(const std::string& reply) {
        request_.send = true;
        request_.host = "email-smtp.us-east-1.amazonaws.com";
        script({{"DATA", "354 go on"}, {".", reply}});
        return accept();
      }
    } one;
    RungResult result = one.result(words + identities);
    EXPECT_EQ(ids(result), id) << identities;
    expect_filled(result.findings[0]);
  }
}

TEST_F(WalkAccept, blames_no_owner_where_the_words_say_none) {
  struct Row {
    const char* reply;
    const char* sender;
    const char* id;
  };
  const Row rows[] = {
      {"554 5.7.1 <ann@example.com>: Sender address rejected: Access denied", "ann@example.com",
       "M5019"},
      {"550 5.7.1 Sender address rejected: account blocked for spamming", "ann@example.com",
       "M5019"},
      {"550 5.7.1 Sender address rejected: account blocked for spamming", "b@example.com", "M5019"},
      {"554 5.7.1 <b@example.com>: Sender address rejected: Access denied", "b@example.com",
       "M5003"},
      {"553 5.7.1 Sender address rejected: not owned by user ann@example.com", "ann@example.com",
       "M5003"},
      {"553 5.1.3 Sender address not allowed", "ann@example.com", "M5003"},
  };
  for (const Row& row : rows) {
    class Case : public WalkAccept {
     public:
      void TestBody() override {}
      RungResult result(const Row& row) {
        request_.user = "ann@example.com";
        request_.from = row.sender;
        session_->logged_in = true;
        script({{"MAIL", row.reply}});
        return accept();
      }
    } one;
    const RungResult result = one.result(row);
    EXPECT_EQ(ids(result), row.id) << row.reply;
    const bool is_own = std::string_view(row.sender) == "ann@example.com";
    const bool has_advice = result.findings[0].parameters.contains("user");
    EXPECT_FALSE(is_own && std::string_view(row.id) == "M5003" && has_advice) << row.reply;
    expect_filled(result.findings[0]);
  }
}

TEST_F(WalkAccept, lets_no_address_forge_a_command) {
  request_.from = "a@b.example>\r\nDATA\r\n<";
  request_.to = std::string(5000, 'x') + "@example.net";
  accept();
  EXPECT_EQ(heard_[0], "MAIL FROM:<a@b.exampleDATA>");
  EXPECT_LT(heard_[1].size(), 300u);
  EXPECT_FALSE(heard("DATA"));
}

struct Refused {
  std::string_view command;  // that is answered so
  std::string_view reply;
  std::string_view id;
  RungStatus status = RungStatus::fail;
  bool logged_in = true;
};

class RefusedMail : public ScriptedSession, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedMail, is_what_its_words_say) {
  const Refused& refused = GetParam();
  request_.to = "bob@example.net";
  request_.send = true;
  session_->logged_in = refused.logged_in;
  script({{std::string(refused.command), std::string(refused.reply)}, {"DATA", "354 go on"}});
  RungResult result = accept();
  EXPECT_EQ(ids(result), refused.id) << refused.reply;
  EXPECT_EQ(result.status, refused.status) << refused.reply;
  EXPECT_EQ(context_.effects.messages_sent, 0u);
  ASSERT_FALSE(result.findings.empty());
  EXPECT_FALSE(result.findings[0].fixes.empty()) << refused.reply;
}

constexpr RungStatus fail = RungStatus::fail;
constexpr RungStatus later = RungStatus::unknown;

INSTANTIATE_TEST_SUITE_P(
    Replies, RefusedMail,
    testing::Values(
        Refused{"RCPT", "554 5.7.1 <bob@example.net>: Relay access denied", "M5001", fail, false},
        Refused{"RCPT", "550 relay not permitted", "M5001", fail, false},
        Refused{"RCPT", "454 4.7.1 <bob@example.net>: Relay access denied", "M5001", fail, false},
        Refused{"RCPT", "550 5.7.1 Unable to relay", "M5002"},
        Refused{"MAIL", "530 5.7.0 Authentication required", "M5027"},
        Refused{"MAIL", "550 5.7.0 Authentication required", "M5027"},
        Refused{"MAIL",
                "553 5.7.1 <ann@example.com>: Sender address rejected: not owned by user "
                "sales@example.com",
                "M5003"},
        Refused{"RCPT",
                "553 5.7.1 <ann@example.com>: Sender address rejected: not owned by user "
                "sales@example.com",
                "M5003"},
        Refused{".", "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
                "M5003"},
        Refused{"RCPT",
                "550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown in "
                "local recipient table",
                "M5004"},
        Refused{"RCPT", "550 No such user here", "M5004"},
        Refused{"MAIL",
                "450 4.1.8 <ann@nodomain.example>: Sender address rejected: Domain not "
                "found",
                "M5005"},
        Refused{"MAIL",
                "550 5.1.8 <ann@nodomain.example>: Sender address rejected: Domain not "
                "found",
                "M5005"},
        Refused{"RCPT",
                "450 4.2.0 <bob@example.net>: Recipient address rejected: Greylisted, see "
                "http://postgrey.schweikert.ch/help/example.net.html",
                "M5006", later},
        Refused{"RCPT", "451 4.7.1 Greylisting in action, please come back later", "M5006", later},
        Refused{"MAIL", "421 4.7.0 Try again later, closing connection.", "M5007", later},
        Refused{"MAIL", "450 4.7.1 Error: too much mail from 192.0.2.1", "M5007", later},
        Refused{"MAIL", "552 5.3.4 Message size exceeds fixed limit", "M5008"},
        Refused{".", "552 5.3.4 Error: message file too big", "M5008"},
        Refused{"RCPT",
                "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using "
                "zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
                "M5009"},
        Refused{"RCPT", "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
                "M5010"},
        Refused{".",
                "550-5.7.25 [192.0.2.1] The IP address sending this message does not have "
                "a\r\n550 5.7.25 PTR record setup",
                "M5010"},
        Refused{"RCPT",
                "450 4.7.1 Client host rejected: cannot find your reverse hostname, "
                "[192.0.2.1]",
                "M5010"},
        Refused{"RCPT",
                "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified "
                "hostname",
                "M5011"},
        Refused{"RCPT", "450 4.7.1 <client.example.org>: Helo command rejected: Host not found",
                "M5011"},
        Refused{"MAIL",
                "550 5.7.23 <ann@example.com>: Recipient address rejected: Message rejected due "
                "to: SPF fail - not authorized",
                "M5025", fail, false},
        Refused{"RCPT", "550 5.7.24 SPF validation error", "M5025", fail, false},
        Refused{"RCPT", "550 SPF: 192.0.2.1 is not allowed to send mail from example.com", "M5025",
                fail, false},
        Refused{"RCPT", "550 5.7.25 Reverse DNS validation failed", "M5010", fail, false},
        Refused{"MAIL", "550 5.7.27 Sender address has null MX", "M5005", fail, false},
        Refused{".", "550 5.7.20 No passing DKIM signature found", "M5016", fail, false},
        Refused{".", "550 5.7.26 Multiple authentication checks failed", "M5016", fail, false},
        Refused{".", "550 5.7.23 SPF validation failed", "M5016", fail, false},
        Refused{"RCPT", "552 5.2.2 Mailbox full", "M5013"},
        Refused{"RCPT", "452 4.2.2 <bob@example.net>: over quota", "M5013", later},
        Refused{".",
                "554 Message rejected: Email address is not verified. The following "
                "identities failed the check in region EU-WEST-1: ann@example.com",
                "M5014"},
        Refused{".",
                "550 The from address does not match a verified Sender Identity. Mail cannot "
                "be sent until this error is resolved.",
                "M5014"},
        Refused{".",
                "550-5.4.5 Daily user sending limit exceeded. For more information on Gmail\r\n"
                "550 5.4.5 sending limits go to https://support.google.com/a/answer/166852",
                "M5015"},
        Refused{".", "454 Throttling failure: Daily message quota exceeded.", "M5015", later},
        Refused{".", "554 5.7.1 Message rejected as spam by Content Filtering.", "M5016"},
        Refused{".",
                "550-5.7.26 This mail has been blocked because the sender is "
                "unauthenticated.\r\n550 5.7.26 Gmail requires all senders to authenticate "
                "with either SPF or DKIM.",
                "M5016"},
        Refused{".",
                "554 Message rejected: Sending suspended for this account. For more "
                "information, please check the inbox of the email address associated with "
                "your AWS account.",
                "M5017"},
        Refused{".", "550 5.1.8 Access denied, bad outbound sender AS(42004)", "M5017"},
        Refused{"MAIL", "550 5.7.1 Account has been suspended, contact SparkPost compliance",
                "M5017"},
        Refused{".",
                "554 5.2.252 SendAsDenied; ann@contoso.com not allowed to send as "
                "info@contoso.com [LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]",
                "M5003"},
        Refused{".", "554 5.7.1 Message rejected due to content restrictions: looks like spam",
                "M5016"},
        Refused{"MAIL",
                "421 4.7.0 [TSS04] Messages from 192.0.2.2 temporarily deferred due to unexpected "
                "volume or user complaints - 4.16.55.1; see "
                "https://postmaster.yahooinc.com/error-codes",
                "M5007", later},
        Refused{"RCPT", "451 4.7.1 Rate limit exceeded, 100 messages per hour allowed", "M5007",
                later},
        Refused{"MAIL", "530 5.7.0 Authentication required", "M5018", fail, false},
        Refused{"MAIL",
                "530 5.7.57 Client not authenticated to send mail. "
                "[LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM]",
                "M5018", fail, false},
        Refused{"RCPT", "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
                "M5019"},
        // There is TLS, and the server does not see it.
        Refused{"MAIL", "550 5.7.10 Encryption needed", "M4027", fail, false},
        Refused{"MAIL", "550 5.7.10 Encryption needed", "M4027"},
        // The sender is the login: the words mean something else.
        Refused{".", "550 Request failed; Mailbox unavailable smtp.mail.yahoo.com", "M5019"},
        Refused{"MAIL",
                "550-5.7.1 Invalid credentials for relay [203.0.113.1]. The IP address you've\r\n"
                "550-5.7.1 registered in your G Suite SMTP Relay service doesn't match domain of "
                "the\r\n550 5.7.1 account this email is being sent from.",
                "M5026"},
        Refused{".",
                "554 Access denied: User `arn:aws:iam::1:user/x' is not authorized to perform "
                "`ses:SendRawEmail' on resource `arn:aws:ses:us-east-1:1:identity/lab.test'",
                "M5002"},
        Refused{"RCPT", "550 5.9.9 the moon is in the wrong house", "M5019"},
        Refused{"RCPT", "451 4.9.9 the moon is in the wrong house", "M5020", later},
        Refused{"RCPT", "451 4.3.0 <bob@example.net>: Temporary lookup failure", "M5020", later}));

TEST(TestMessage, is_plain_mail_that_says_what_it_is) {
  TestMessage message = make_test_message("ann@example.com", "bob@example.net", "c.example.org",
                                          WallTime(std::chrono::hours(500'000)), 0xabc);
  EXPECT_EQ(message.id, "<waypost-doctor-0000000000000abc@example.com>");
  EXPECT_THAT(message.content, StartsWith("From: ann@example.com\r\nTo: bob@example.net\r\n"));
  EXPECT_THAT(message.content, HasSubstr("\r\n\r\n"));
  EXPECT_EQ(message.octets, message.content.size());
  EXPECT_THAT(message.wire(), testing::EndsWith("\r\n.\r\n"));
  EXPECT_EQ(message.content.find("\r\n."), std::string::npos);
  TestMessage null = make_test_message("", "bob@example.net", "c.example.org", {}, 1);
  EXPECT_THAT(null.content, StartsWith("From: postmaster@c.example.org\r\n"));
}

}  // namespace
}  // namespace waypost::doctor
