#include "mailauth/spf_analysis.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "tests/fakes/test_loop.h"

namespace waypost::mailauth {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

class SpfAnalysisTest : public testing::Test {
 protected:
  void txt(std::string_view name, std::string text) { resolver_.add_txt(name, {std::move(text)}); }
  void address(std::string_view name, std::string_view ip) {
    resolver_.add_address(name, *IpAddress::parse(ip));
  }
  std::vector<SurveyedRecord> survey(std::string domain) {
    auto records =
        loop_.run(survey_spf(resolver_, std::move(domain), loop_.in(std::chrono::seconds(5))));
    EXPECT_TRUE(records);
    return records ? *records : std::vector<SurveyedRecord>();
  }
  SpfAnalysis analyse(std::string domain = "example.net") {
    auto records = survey(domain);
    return analyse_spf(std::move(domain), std::move(records));
  }
  // The proposal takes the place of what is published.
  SpfAnalysis analyse_proposed(const SpfAnalysis& before) {
    txt("proposed.example", before.proposal->record);
    return analyse("proposed.example");
  }

  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
};

auto says(std::string text) { return Contains(Field(&SpfRemark::text, HasSubstr(text))); }

TEST_F(SpfAnalysisTest, says_of_a_broken_record_only_what_is_so) {
  txt("example.net", "v=spf1 ipv4:192.0.2.4 ptr include: -all a");
  const SpfAnalysis analysis = analyse();
  EXPECT_THAT(analysis.remarks, AllOf(says("\"ipv4:192.0.2.4\""), says("\"include:\""),
                                      says("\"ptr\" is slow"), says("\"a\" stands behind")));
  EXPECT_THAT(analysis.remarks, testing::Not(says("neither \"all\"")));
  EXPECT_TRUE(analysis.outcomes.pass.empty()) << "a record that is broken lets nobody pass";
  txt("end.example", "v=spf1 a -al");
  EXPECT_THAT(analyse("end.example").remarks, testing::Not(says("neither \"all\"")));
}

TEST_F(SpfAnalysisTest, names_the_record_that_receivers_do_not_see) {
  const std::vector<UnreadRecord> unread{{"v=spf1\ta", "a tab"}};
  const SpfAnalysis analysis = analyse_spf("example.net", {}, unread);
  EXPECT_THAT(analysis.remarks, AllOf(says("do not see the record \"v=spf1\ta\": a tab"),
                                      says("no SPF record that")));
}

TEST_F(SpfAnalysisTest, knows_what_every_address_gets) {
  txt("example.net",
      "v=spf1 -ip4:192.0.2.7 ip4:192.0.2.0/24 include:in.example.org ?ip6:2001:db8::/32 ~all");
  txt("in.example.org", "v=spf1 -ip4:198.51.100.0/25 ip4:198.51.100.0/24 -all");
  SpfAnalysis analysis = analyse();
  EXPECT_TRUE(analysis.known);
  EXPECT_EQ(analysis.lookups, 1u);
  EXPECT_THAT(analysis.remarks, IsEmpty());
  EXPECT_FALSE(analysis.proposal);
  EXPECT_TRUE(analysis.outcomes.fail.contains(*IpAddress::parse("192.0.2.7")));
  EXPECT_FALSE(analysis.outcomes.pass.contains(*IpAddress::parse("192.0.2.7")));
  EXPECT_TRUE(analysis.outcomes.pass.contains(*IpAddress::parse("198.51.100.200")));
  EXPECT_TRUE(analysis.outcomes.softfail.contains(*IpAddress::parse("198.51.100.1")));
  EXPECT_TRUE(analysis.outcomes.neutral.contains(*IpAddress::parse("2001:db8::1")));
}

TEST_F(SpfAnalysisTest, finds_the_eleventh_lookup_and_what_saves_lookups) {
  // As in a real record: own hosts that a provider covers already.
  txt("example.net",
      "v=spf1 include:big.example include:desk.example include:news.example "
      "include:office.example mx a ~all");
  txt("big.example", "v=spf1 include:b1.example include:b2.example include:b3.example ~all");
  txt("b1.example", "v=spf1 ip4:203.0.113.0/24 ~all");
  txt("b2.example", "v=spf1 ip4:198.51.100.0/25 ~all");
  txt("b3.example", "v=spf1 ip6:2001:db8::/32 ~all");
  txt("desk.example", "v=spf1 include:d1.example include:d2.example -all");
  txt("d1.example", "v=spf1 ip4:192.0.2.0/28 -all");
  txt("d2.example", "v=spf1 ip4:192.0.2.64/28 -all");
  txt("news.example", "v=spf1 ip4:192.0.2.128/25 -all");
  txt("office.example", "v=spf1 ip4:198.51.100.128/25 -all");
  address("example.net", "203.0.113.10");
  resolver_.add_mx("example.net", 10, "mx.example.net");
  address("mx.example.net", "203.0.113.10");
  SpfAnalysis analysis = analyse();
  EXPECT_EQ(analysis.lookups, 11u);
  EXPECT_EQ(analysis.eleventh, "a");
  EXPECT_EQ(analysis.eleventh_below, "a");
  EXPECT_THAT(analysis.remarks, says("needs 11 DNS lookups"));
  ASSERT_TRUE(analysis.proposal);
  EXPECT_TRUE(analysis.proposal->checked);
  EXPECT_THAT(analysis.proposal->removed, ElementsAre("mx", "a"));
  EXPECT_THAT(analysis.proposal->flattened, IsEmpty());
  EXPECT_EQ(analysis.proposal->lookups, 9u);
  EXPECT_EQ(analysis.proposal->record,
            "v=spf1 include:big.example include:desk.example include:news.example "
            "include:office.example ~all");
  EXPECT_EQ(analyse_proposed(analysis).outcomes, analysis.outcomes);
}

TEST_F(SpfAnalysisTest, flattens_what_costs_the_fewest_networks) {
  std::string record = "v=spf1";
  for (int i = 0; i < 12; ++i) {
    record += fmt::format(" include:p{}.example", i);
    std::string inner = "v=spf1";
    for (int j = 0; j <= i; ++j) inner += fmt::format(" ip4:10.{}.{}.0/24", i, 2 * j);
    txt(fmt::format("p{}.example", i), inner + " -all");
  }
  txt("example.net", record + " -all exp=why.example.net");
  const SpfAnalysis analysis = analyse();
  EXPECT_EQ(analysis.eleventh, "include:p10.example");
  ASSERT_TRUE(analysis.proposal);
  EXPECT_THAT(analysis.proposal->flattened,
              ElementsAre("include:p0.example", "include:p1.example"));
  EXPECT_EQ(analysis.proposal->lookups, 10u);
  EXPECT_THAT(analysis.proposal->record,
              AllOf(HasSubstr("v=spf1 ip4:10.0.0.0/24 ip4:10.1.0.0/24 ip4:10.1.2.0/24 include:p2"),
                    HasSubstr(" -all exp=why.example.net")));
  EXPECT_TRUE(analysis.proposal->checked);
  EXPECT_EQ(analyse_proposed(analysis).outcomes, analysis.outcomes);
}

TEST_F(SpfAnalysisTest, merges_two_records_into_one) {
  txt("example.net", "v=spf1 include:in.example.org ip4:192.0.2.1 -all");
  txt("example.net", "v=spf1 INCLUDE:in.example.org ip4:192.0.2.2 ~all");
  txt("in.example.org", "v=spf1 ip4:198.51.100.0/24 -all");
  const SpfAnalysis analysis = analyse();
  EXPECT_THAT(analysis.remarks, says("2 SPF records"));
  ASSERT_TRUE(analysis.proposal);
  EXPECT_TRUE(analysis.proposal->merged);
  EXPECT_TRUE(analysis.proposal->checked);
  EXPECT_EQ(analysis.proposal->record,
            "v=spf1 include:in.example.org ip4:192.0.2.1 ip4:192.0.2.2 ~all");
}

TEST_F(SpfAnalysisTest, leaves_alone_what_depends_on_the_message) {
  txt("example.net", "v=spf1 a exists:%{i}.list.example include:in.example.org ip4:192.0.2.1 -all");
  txt("in.example.org", "v=spf1 ptr ip4:192.0.2.0/24 -all");
  address("example.net", "192.0.2.1");
  const SpfAnalysis analysis = analyse();
  EXPECT_FALSE(analysis.known);
  EXPECT_EQ(analysis.lookups, 4u);
  ASSERT_TRUE(analysis.proposal);
  // "a" decides before "exists" does, so it stays; the same address again is not needed.
  EXPECT_THAT(analysis.proposal->removed, ElementsAre("ip4:192.0.2.1"));
  EXPECT_TRUE(analysis.proposal->checked);
}

TEST_F(SpfAnalysisTest, does_not_call_two_records_equal_that_differ_in_one_address) {
  txt("example.net", "v=spf1 ip4:192.0.2.0/24 ~all");
  txt("example.org",
      "v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/26 ip4:192.0.2.192/27 "
      "ip4:192.0.2.224/28 ip4:192.0.2.240/29 ip4:192.0.2.248/30 ip4:192.0.2.252/31 "
      "ip4:192.0.2.254 ~all");
  auto whole = survey("example.net");
  auto less = survey("example.org");
  EXPECT_FALSE(same_for_every_address(whole[0].terms, less[0].terms));
  txt("example.com", less[0].text.substr(0, less[0].text.size() - 5) + " ip4:192.0.2.255 ~all");
  EXPECT_TRUE(same_for_every_address(whole[0].terms, survey("example.com")[0].terms));
}

TEST_F(SpfAnalysisTest, says_what_is_wrong_in_words) {
  struct Case {
    std::string record;
    std::string remark;
  };
  const Case cases[] = {
      {"v=spf1 ip4:192.0.2.1", "neither \"all\" nor"},
      {"v=spf1 +all", "every address in the world"},
      {"v=spf1 mx ?all", "finds no address"},
      {"v=spf1 ptr -all", "not to be used"},
      {"v=spf1 -all a", "never reached"},
      {"v=spf1 include:none.example -all", "none.example has no SPF record"},
      {"v=spf1 include:self.example -all", "leads back to itself"},
      {"v=spf1 ipv4:192.0.2.1 -all", "cannot be read"},
      {"v=spf1 include:open.example -all", "lets every address in the world pass"},
      {"v=spf1 include:shut.example -all", "lets no address pass"},
      {"v=spf1 " + std::string(250, ' ') + "-all", "2 strings"},
      {"v=spf1 " + std::string(500, ' ') + "-all", "may not fit into 512"},
      {"v=spf1 a:x.example a:y.example mx -all", "3 lookups find nothing"},
  };
  txt("self.example", "v=spf1 include:self.example -all");
  txt("open.example", "v=spf1 +all");
  txt("shut.example", "v=spf1 -all");
  for (size_t i = 0; i < std::size(cases); ++i) {
    const std::string domain = fmt::format("c{}.example", i);
    txt(domain, cases[i].record);
    EXPECT_THAT(analyse(domain).remarks, says(cases[i].remark)) << cases[i].record;
  }
  EXPECT_THAT(analyse("nothing.example").remarks, says("has no SPF record"));
}

}  // namespace
}  // namespace waypost::mailauth
