#include "mailauth/dmarc_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::mailauth {
namespace {

using std::chrono::seconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class DmarcCheckTest : public testing::Test {
 protected:
  void publish(const std::string& domain, std::string text) {
    resolver_.add_txt("_dmarc." + domain, {std::move(text)});
  }
  DmarcVerdict check(std::string from, std::string spf = "", std::vector<std::string> dkim = {}) {
    DmarcQuestion question;
    question.from_domain = std::move(from);
    if (!spf.empty()) question.spf = DmarcIdentifier{spf};
    for (std::string& domain : dkim) question.dkim.push_back({std::move(domain)});
    return loop_.run(check_dmarc(resolver_, std::move(question), loop_.in(seconds(5))));
  }
  std::string organizational_domain(std::string domain) {
    auto walk = loop_.run(walk_dmarc(resolver_, std::move(domain), loop_.in(seconds(5))));
    return walk ? walk->organizational_domain : walk.error().describe();
  }

  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
};

TEST_F(DmarcCheckTest, walks_up_with_eight_questions_at_most) {
  const DmarcVerdict verdict = check("a.b.c.d.e.f.g.h.i.j.mail.example.com");
  std::vector<std::string> asked;
  for (const DmarcStep& step : verdict.steps) asked.push_back(step.domain);
  EXPECT_THAT(asked, ElementsAre("a.b.c.d.e.f.g.h.i.j.mail.example.com",
                                 "g.h.i.j.mail.example.com"
                                 "",
                                 "h.i.j.mail.example.com", "i.j.mail.example.com",
                                 "j.mail.example.com", "mail.example.com", "example.com", "com"))
      << "seven labels are left after the first question";
  EXPECT_EQ(verdict.result, DmarcResult::none);
  EXPECT_THAT(verdict.problem, HasSubstr("nor a domain above it"));
}

TEST_F(DmarcCheckTest, finds_the_organizational_domain) {
  EXPECT_EQ(organizational_domain("mail.example.com"), "mail.example.com");
  publish("example.com", "v=DMARC1; p=none");
  publish("mail.example.com", "v=DMARC1; p=none");
  EXPECT_EQ(organizational_domain("x.mail.example.com"), "example.com");
  publish("apart.example.com", "v=DMARC1; p=none; psd=n");
  EXPECT_EQ(organizational_domain("x.apart.example.com"), "apart.example.com");
  publish("bank.test", "v=DMARC1; p=reject; psd=y");
  EXPECT_EQ(organizational_domain("x.giant.bank.test"), "giant.bank.test");
  EXPECT_EQ(organizational_domain("giant.bank.test"), "giant.bank.test");
  EXPECT_EQ(organizational_domain("bank.test"), "bank.test");
}

TEST_F(DmarcCheckTest, says_in_words_how_identifiers_are_aligned) {
  publish("example.com", "v=DMARC1; p=reject; aspf=s");
  publish("other.test", "v=DMARC1; p=none");
  DmarcVerdict verdict = check("mail.example.com", "example.com", {"x.example.com", "other.test"});
  EXPECT_EQ(verdict.result, DmarcResult::pass);
  EXPECT_FALSE(verdict.spf->aligned);
  EXPECT_THAT(verdict.spf->words, HasSubstr("strict alignment asks for mail.example.com itself"));
  EXPECT_TRUE(verdict.dkim[0].aligned);
  EXPECT_THAT(verdict.dkim[0].words, HasSubstr("belongs to example.com as mail.example.com does"));
  EXPECT_FALSE(verdict.dkim[1].aligned);
  EXPECT_THAT(verdict.dkim[1].words, HasSubstr("belongs to other.test"));
  DmarcQuestion question;
  question.from_domain = "example.com";
  question.spf = DmarcIdentifier{"example.com", false, "softfail"};
  verdict = loop_.run(check_dmarc(resolver_, question, loop_.in(seconds(5))));
  EXPECT_EQ(verdict.result, DmarcResult::fail);
  EXPECT_THAT(verdict.spf->words, HasSubstr("did not pass (softfail)"));
  EXPECT_THAT(verdict.words, HasSubstr("refuse"));
}

TEST_F(DmarcCheckTest, applies_the_policy_of_the_right_tag) {
  publish("example.com", "v=DMARC1; p=reject; sp=quarantine; np=none");
  resolver_.add_mx("there.example.com", 10, "mx.example.com");
  EXPECT_EQ(check("example.com").policy_tag, "p");
  EXPECT_EQ(check("there.example.com").policy_tag, "sp");
  EXPECT_EQ(check("there.example.com").policy, DmarcPolicy::quarantine);
  EXPECT_EQ(check("gone.example.com").policy_tag, "np");
  publish("trial.example", "v=DMARC1; p=reject; t=y");
  EXPECT_EQ(check("trial.example").published, DmarcPolicy::reject);
  EXPECT_EQ(check("trial.example").policy, DmarcPolicy::quarantine);
  publish("bank.test", "v=DMARC1; p=none; sp=reject; psd=y");
  EXPECT_EQ(check("a.giant.bank.test").record_domain, "bank.test");
  EXPECT_EQ(check("a.giant.bank.test").policy, DmarcPolicy::reject);
}

TEST_F(DmarcCheckTest, tells_no_record_from_two_and_from_no_answer) {
  publish("two.example", "v=DMARC1; p=reject");
  publish("two.example", "v=DMARC1; p=none");
  EXPECT_EQ(check("two.example").result, DmarcResult::none);
  EXPECT_THAT(check("two.example").problem, HasSubstr("2 DMARC records"));
  publish("empty.example", "v=DMARC1; fo=1");
  EXPECT_THAT(check("empty.example").problem, HasSubstr("neither a policy"));
  publish("lost.example", "v=DMARC1; p=reject; sp=foo");
  EXPECT_THAT(check("lost.example").problem,
              AllOf(HasSubstr("no place for reports"), HasSubstr("\"sp=foo\" cannot be read"),
                    HasSubstr("\"p=reject\" away")));
  publish("told.example", "v=DMARC1; p=reject; sp=foo; rua=mailto:a@told.example");
  EXPECT_EQ(check("told.example").policy, DmarcPolicy::none);
  EXPECT_EQ(check("told.example").policy_tag, "");
  resolver_.set_failure("_dmarc.late.example", Error(ErrorCode::timed_out, "no answer"));
  EXPECT_EQ(check("late.example").result, DmarcResult::temperror);
  EXPECT_EQ(check("no domain").result, DmarcResult::permerror);
}

TEST_F(DmarcCheckTest, names_records_that_receivers_do_not_see) {
  publish("near.example", "v=DMARC1 p=reject");
  publish("near.example", "site-verification=17");
  const DmarcVerdict verdict = check("near.example");
  EXPECT_EQ(verdict.result, DmarcResult::none);
  ASSERT_EQ(verdict.steps[0].unread.size(), 1u);
  EXPECT_EQ(verdict.steps[0].unread[0].text, "v=DMARC1 p=reject");
  EXPECT_THAT(verdict.steps[0].unread[0].why, HasSubstr("no \";\""));
  EXPECT_TRUE(verdict.steps[1].unread.empty());
}

TEST_F(DmarcCheckTest, knows_where_reports_may_go) {
  using State = DmarcDestination::State;
  publish("example.com", "v=DMARC1; p=none");
  resolver_.add_txt("example.com._report._dmarc.reports.test", {"v=DMARC1"});
  resolver_.set_failure("late.test._report._dmarc.x", Error(ErrorCode::dns, "SERVFAIL"));
  resolver_.set_failure("_dmarc.late.test", Error(ErrorCode::dns, "SERVFAIL"));
  resolver_.set_failure("example.com._report._dmarc.late.test", Error(ErrorCode::dns, "SERVFAIL"));
  auto destinations = loop_.run(check_dmarc_destinations(
      resolver_, "example.com",
      {"mailto:a@example.com", "mailto:a@sub.example.com", "mailto:a@reports.test",
       "mailto:a@stranger.test", "mailto:a@late.test", "https://reports.test/"},
      loop_.in(seconds(5))));
  std::vector<State> states;
  for (const DmarcDestination& destination : destinations) states.push_back(destination.state);
  EXPECT_THAT(states, ElementsAre(State::own, State::own, State::authorised, State::refused,
                                  State::unknown, State::not_checked));
  EXPECT_EQ(destinations[2].question, "example.com._report._dmarc.reports.test");
}

}  // namespace
}  // namespace waypost::mailauth
