#include "mailauth/spf_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::mailauth {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

class SpfCheckTest : public testing::Test {
 protected:
  void txt(std::string_view name, std::string text) { resolver_.add_txt(name, {std::move(text)}); }
  void address(std::string_view name, std::string_view ip) {
    resolver_.add_address(name, *IpAddress::parse(ip));
  }

  SpfVerdict check(std::string_view ip, std::string sender = "ann@example.net",
                   Duration patience = seconds(20)) {
    SpfQuestion question;
    question.ip = *IpAddress::parse(ip);
    question.sender = std::move(sender);
    question.helo = "helo.example.org";
    return loop_.run(check_spf(resolver_, question, loop_.in(patience)));
  }

  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
};

TEST_F(SpfCheckTest, says_which_term_of_which_record_decided) {
  txt("example.net", "v=spf1 a include:spf.example.org redirect=_r.example.net");
  txt("spf.example.org", "v=spf1 ip4:198.51.100.0/24 -all");
  txt("_r.example.net", "v=spf1 mx -all exp=why.example.net");
  txt("why.example.net", "%{i} is not ours, %{d} says");
  address("example.net", "192.0.2.1");
  SpfVerdict verdict = check("192.0.2.1");
  EXPECT_EQ(verdict.result, SpfResult::pass);
  EXPECT_EQ(verdict.decided_by, "a");
  EXPECT_EQ(verdict.lookups, 1u);
  verdict = check("198.51.100.9");
  EXPECT_EQ(verdict.decided_by, "include:spf.example.org");
  EXPECT_EQ(verdict.decided_in, "example.net");
  verdict = check("203.0.113.1");
  EXPECT_EQ(verdict.result, SpfResult::fail);
  EXPECT_EQ(verdict.decided_by, "-all");
  EXPECT_EQ(verdict.decided_in, "_r.example.net");
  EXPECT_EQ(verdict.explanation, "203.0.113.1 is not ours, _r.example.net says");
  EXPECT_EQ(verdict.lookups, 4u);
  EXPECT_EQ(verdict.void_lookups, 1u);
}

TEST_F(SpfCheckTest, traces_every_term_with_the_running_count) {
  txt("example.net", "v=spf1 include:one.example.net mx ip4:192.0.2.0/24 a -all");
  txt("one.example.net", "v=spf1 include:two.example.net ~all");
  txt("two.example.net", "v=spf1 a:host.example.net ?all");
  address("host.example.net", "198.51.100.1");
  resolver_.add_mx("example.net", 20, "b.example.net");
  resolver_.add_mx("example.net", 10, "a.example.net");
  address("a.example.net", "198.51.100.2");
  address("b.example.net", "198.51.100.3");
  const SpfVerdict verdict = check("192.0.2.1");
  EXPECT_EQ(verdict.result, SpfResult::pass);
  const auto& terms = verdict.trace.terms;
  ASSERT_EQ(terms.size(), 5u);
  EXPECT_EQ(terms[0].lookups, 3u);
  EXPECT_EQ(terms[0].outcome, SpfTermOutcome::not_matched);
  EXPECT_EQ(terms[0].inner[0].result, SpfResult::softfail);
  EXPECT_EQ(terms[0].inner[0].terms[0].lookups, 3u);
  EXPECT_EQ(terms[0].inner[0].terms[0].inner[0].result, SpfResult::neutral);
  EXPECT_THAT(terms[0].inner[0].terms[0].inner[0].terms[0].answers, ElementsAre("198.51.100.1"));
  EXPECT_EQ(terms[1].lookups, 4u);
  EXPECT_THAT(terms[1].answers,
              ElementsAre("a.example.net", "198.51.100.2", "b.example.net", "198.51.100.3"));
  EXPECT_EQ(terms[2].outcome, SpfTermOutcome::matched);
  EXPECT_FALSE(terms[2].counted);
  EXPECT_EQ(terms[3].outcome, SpfTermOutcome::not_reached);
  EXPECT_TRUE(terms[3].counted);
}

TEST_F(SpfCheckTest, stops_at_the_eleventh_lookup_and_names_it) {
  std::string record = "v=spf1";
  for (int i = 1; i <= 11; ++i) {
    record += fmt::format(" a:h{}.example.net", i);
    address(fmt::format("h{}.example.net", i), fmt::format("192.0.2.{}", i));
  }
  txt("example.net", record + " ip4:203.0.113.1 -all");
  EXPECT_EQ(check("192.0.2.10").result, SpfResult::pass);
  const SpfVerdict verdict = check("192.0.2.11");
  EXPECT_EQ(verdict.result, SpfResult::permerror);
  EXPECT_EQ(verdict.eleventh, "a:h11.example.net");
  EXPECT_EQ(verdict.trace.terms[10].outcome, SpfTermOutcome::over_limit);
  EXPECT_THAT(verdict.problem, HasSubstr("more than 10"));
}

TEST_F(SpfCheckTest, allows_two_lookups_that_find_nothing) {
  txt("example.net", "v=spf1 a:x1.example.net exists:x2.example.net ip4:192.0.2.1 mx -all");
  EXPECT_EQ(check("192.0.2.1").result, SpfResult::pass);
  const SpfVerdict verdict = check("192.0.2.2");
  EXPECT_EQ(verdict.result, SpfResult::permerror);
  EXPECT_EQ(verdict.void_lookups, 3u);
  EXPECT_TRUE(verdict.trace.terms[3].found_nothing);
}

TEST_F(SpfCheckTest, refuses_more_than_ten_mail_hosts_but_reads_ten_names) {
  txt("example.net", "v=spf1 mx -all");
  txt("example.org", "v=spf1 ptr:example.com -all");
  for (int i = 0; i < 11; ++i) {
    const std::string host = fmt::format("h{}.example.com", i);
    resolver_.add_mx("example.net", 10, host);
    resolver_.add_ptr("1.2.0.192.in-addr.arpa", host);
  }
  EXPECT_EQ(check("192.0.2.1").result, SpfResult::permerror);
  EXPECT_EQ(check("192.0.2.1", "a@example.org").result, SpfResult::fail);
  address("h10.example.com", "192.0.2.1");
  EXPECT_EQ(check("192.0.2.1", "a@example.org").result, SpfResult::fail)
      << "the eleventh is not read";
  address("h9.example.com", "192.0.2.1");
  EXPECT_EQ(check("192.0.2.1", "a@example.org").result, SpfResult::pass);
}

TEST_F(SpfCheckTest, tells_what_may_pass_from_what_stays_wrong) {
  txt("example.net", "v=spf1 a:late.example.net -all");
  resolver_.set_failure("late.example.net", Error(ErrorCode::dns, "SERVFAIL"));
  SpfVerdict verdict = check("192.0.2.1");
  EXPECT_EQ(verdict.result, SpfResult::temperror);
  EXPECT_EQ(verdict.problem, "SERVFAIL");
  txt("two.example.net", "v=spf1 -all");
  txt("two.example.net", "v=spf1 mx -all");
  verdict = check("192.0.2.1", "a@two.example.net");
  EXPECT_EQ(verdict.result, SpfResult::permerror);
  EXPECT_THAT(verdict.problem, HasSubstr("2 SPF records"));
  txt("in.example.net", "v=spf1 include:none.example.net -all");
  EXPECT_EQ(check("192.0.2.1", "a@in.example.net").result, SpfResult::permerror);
  txt("re.example.net", "v=spf1 redirect=none.example.net");
  EXPECT_EQ(check("192.0.2.1", "a@re.example.net").result, SpfResult::permerror);
  EXPECT_EQ(check("192.0.2.1", "a@none.example.net").result, SpfResult::none);
  resolver_.set_latency(milliseconds(30));
  EXPECT_EQ(check("192.0.2.1", "a@example.net", milliseconds(5)).result, SpfResult::temperror);
}

TEST_F(SpfCheckTest, takes_the_helo_name_for_a_null_sender) {
  txt("helo.example.org", "v=spf1 exists:%{l}.%{o}.l.example.net -all");
  address("postmaster.helo.example.org.l.example.net", "127.0.0.2");
  EXPECT_EQ(check("192.0.2.1", "").result, SpfResult::pass);
  EXPECT_EQ(check("192.0.2.1", "").domain, "helo.example.org");
}

TEST_F(SpfCheckTest, ends_a_loop_of_includes) {
  txt("example.net", "v=spf1 include:example.net -all");
  EXPECT_EQ(check("192.0.2.1").result, SpfResult::permerror);
  txt("ring.example.net", "v=spf1 redirect=ring.example.net");
  EXPECT_EQ(check("192.0.2.1", "a@ring.example.net").result, SpfResult::permerror);
}

TEST_F(SpfCheckTest, judges_without_a_trace_alike) {
  txt("example.net", "v=spf1 include:one.example.net mx -all");
  txt("one.example.net", "v=spf1 ip4:192.0.2.1 -all");
  SpfQuestion question;
  question.ip = *IpAddress::parse("192.0.2.1");
  question.sender = "ann@example.net";
  question.wants_trace = false;
  const SpfVerdict verdict = loop_.run(check_spf(resolver_, question, loop_.in(seconds(5))));
  EXPECT_EQ(verdict.result, SpfResult::pass);
  EXPECT_TRUE(verdict.trace.terms.empty());
}

TEST(SpfDomain, has_two_labels_that_fit) {
  EXPECT_TRUE(is_spf_domain("example.net."));
  EXPECT_TRUE(is_spf_domain("_x.example.net"));
  for (std::string_view domain : {"", ".", "net", "a..net", ".net", "[192.0.2.1]"})
    EXPECT_FALSE(is_spf_domain(domain)) << domain;
  EXPECT_TRUE(is_spf_domain(std::string(63, 'a') + ".net"));
  EXPECT_FALSE(is_spf_domain(std::string(64, 'a') + ".net"));
}

}  // namespace
}  // namespace waypost::mailauth
