#include "queue/judge.h"

#include <gtest/gtest.h>

#include "classify/shipped_rules.h"

namespace waypost::queue {
namespace {

using events::Outcome;
using events::Phase;
using events::Verdict;

class JudgeTest : public testing::Test {
 protected:
  Judgement of(std::string said, Verdict verdict, Phase phase = Phase::rcpt) {
    Outcome outcome;
    outcome.verdict = verdict;
    outcome.phase = phase;
    outcome.reason = std::move(said);
    outcome.peer.host = "mx.example.net";
    return Judge(replies_).judge(outcome, "example.com", recipient_domain_);
  }
  Judgement bounced(std::string said) { return of(std::move(said), Verdict::bounced); }

  std::string recipient_domain_ = "example.net";

 private:
  classify::Classifier classifier_{classify::shipped_book()};
  classify::Reader replies_{classifier_};
};

TEST_F(JudgeTest, has_nothing_to_say_of_a_delivery) {
  Judgement judgement = of("250 2.0.0 Ok", Verdict::delivered, Phase::content);
  EXPECT_EQ(judgement.verdict, Verdict::delivered);
  EXPECT_TRUE(judgement.cause.reply_class.empty());
}

TEST_F(JudgeTest, names_class_rule_who_and_remedy) {
  Judgement judgement = bounced("550 5.1.1 <ann@example.net>: User unknown");
  EXPECT_EQ(judgement.verdict, Verdict::bounced);
  EXPECT_EQ(judgement.cause.reply_class, "recipient-unknown");
  EXPECT_FALSE(judgement.cause.who.empty());
  EXPECT_FALSE(judgement.cause.rule.empty());
  EXPECT_FALSE(judgement.cause.remedy.empty());
  EXPECT_TRUE(judgement.cause.suppress);
}

TEST_F(JudgeTest, blames_no_address_for_leading_where_no_mail_may_go) {
  Judgement judgement =
      of("5.4.4 the mail hosts of example.net are at addresses where this relay sends no mail: "
         "mx.example.net at 127.0.0.1 ([delivery] forbidden_addresses)",
         Verdict::bounced, Phase::resolve);
  EXPECT_EQ(judgement.verdict, Verdict::bounced);
  EXPECT_EQ(judgement.cause.rule, "waypost-forbidden-mail-host");
  EXPECT_EQ(judgement.cause.who, "domain-owner");
  EXPECT_FALSE(judgement.cause.suppress);
  judgement =
      of("5.1.2 [127.0.0.1] is an address where this relay sends no mail ([delivery] "
         "forbidden_addresses)",
         Verdict::bounced, Phase::resolve);
  EXPECT_EQ(judgement.verdict, Verdict::bounced);
  EXPECT_EQ(judgement.cause.rule, "waypost-forbidden-literal");
  EXPECT_EQ(judgement.cause.who, "sender");
}

TEST_F(JudgeTest, tries_again_what_a_5yz_refused_for_its_pace) {
  for (const char* said :
       {"550 5.7.1 You have sent too many messages this hour, try again later",
        "554 Too many connections from your IP", "550 Greylisted, please try again in 5 minutes"}) {
    Judgement judgement = bounced(said);
    EXPECT_EQ(judgement.verdict, Verdict::deferred) << said << judgement.cause.reply_class;
    EXPECT_FALSE(judgement.cause.suppress);
  }
}

TEST_F(JudgeTest, leaves_what_is_refused_for_good_refused) {
  for (const char* said : {"550 5.7.1 Message rejected as spam", "552 5.2.2 Mailbox full",
                           "554 5.7.1 Relay access denied", "550 no"})
    EXPECT_EQ(bounced(said).verdict, Verdict::bounced) << said;
}

TEST_F(JudgeTest, never_turns_a_4yz_into_a_bounce) {
  EXPECT_EQ(of("450 4.1.1 User unknown", Verdict::deferred).verdict, Verdict::deferred);
}

TEST_F(JudgeTest, suppresses_nothing_that_is_about_us) {
  for (const char* said :
       {"550 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org",
        "550 5.7.26 Unauthenticated mail is not accepted", "550 5.1.8 Sender address rejected",
        "550 5.1.1 Mail from example.com refused: user unknown to us"})
    EXPECT_FALSE(bounced(said).cause.suppress) << said;
}

TEST_F(JudgeTest, reads_a_reply_of_our_own_domain_as_one_about_the_recipient) {
  recipient_domain_ = "example.com";
  EXPECT_TRUE(bounced("550 5.1.1 No such user at example.com").cause.suppress);
}

TEST_F(JudgeTest, takes_the_time_that_they_name) {
  EXPECT_EQ(of("451 4.7.1 Greylisted, try again in 5 minutes", Verdict::deferred).wait,
            std::chrono::minutes(5));
  EXPECT_EQ(of("451 4.7.1 Try again later", Verdict::deferred).wait, std::nullopt);
}

struct LocalReason {
  const char* reason;
  const char* reply_class;
};

// What delivery writes when there was no reply.
TEST_F(JudgeTest, reads_our_own_words_too) {
  for (const LocalReason& local : std::initializer_list<LocalReason>{
           {"the domain nowhere.example does not exist (NXDOMAIN)", "domain-not-found"},
           {"the domain example.org says that it takes no mail (null MX, RFC 7505)", "no-mx"},
           {"the MX records of example.org name no host", "no-mx"},
           {"looking up which hosts take mail for example.org: the resolver did not answer: "
            "timed out",
            "dns-failure"},
           {"connecting timed out", "network-timeout"},
           {"connect: Connection refused", "connection-refused"},
           {"the message has 52428800 octets, and they take at most 10485760 (SIZE)",
            "message-too-large"}})
    EXPECT_EQ(of(local.reason, Verdict::deferred, Phase::connect).cause.reply_class,
              local.reply_class)
        << local.reason;
}

}  // namespace
}  // namespace waypost::queue
