#include "mailauth/spf_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::mailauth {
namespace {

using testing::HasSubstr;

TEST(SpfRecord, has_directives_and_modifiers_in_order) {
  auto record = parse_spf_record(
      "V=spf1  mx/24//64 ~a:mail.example.net ip4:192.0.2.7/25 ?ip6:2001:db8::1/32 "
      "exists:%{i}.x.example.net include:_spf.example.net ptr moo=%{d} -ALL "
      "redirect=_r.example.net exp=why.example.net ");
  ASSERT_TRUE(record) << record.error().describe();
  ASSERT_EQ(record->directives.size(), 8u);
  EXPECT_EQ(record->directives[0].mechanism, SpfMechanism::mx);
  EXPECT_EQ(record->directives[0].v4_bits, 24u);
  EXPECT_EQ(record->directives[0].v6_bits, 64u);
  EXPECT_FALSE(record->directives[0].target);
  EXPECT_EQ(record->directives[1].qualifier, SpfResult::softfail);
  EXPECT_TRUE(record->directives[1].target);
  EXPECT_EQ(record->directives[2].network.text(), "192.0.2.0/25");
  EXPECT_EQ(record->directives[3].network.text(), "2001:db8::/32");
  EXPECT_EQ(record->directives[7].text, "-ALL");
  EXPECT_EQ(record->all(), &record->directives[7]);
  EXPECT_EQ(record->redirect->text, "redirect=_r.example.net");
  EXPECT_EQ(record->explanation->text, "exp=why.example.net");
  EXPECT_EQ(record->unknown_modifiers.size(), 1u);
}

TEST(SpfRecord, is_told_from_other_texts) {
  for (std::string_view text : {"v=spf1", "V=SPF1 -all", "v=spf1  "})
    EXPECT_TRUE(is_spf_record(text));
  for (std::string_view text : {"", "v=spf10", "v=spf1-all", "v=spf", " v=spf1", "spf2.0/pra -all"})
    EXPECT_FALSE(is_spf_record(text)) << text;
}

TEST(SpfRecord, names_the_term_that_is_wrong) {
  struct Case {
    std::string_view term;
    std::string_view because;
  };
  const Case cases[] = {
      {"all.", "no mechanism"},
      {"all:x.com", "no argument"},
      {"ip4:192.0.2", "IPv4 network"},
      {"ip4:192.0.2.1/33", "0 to 32"},
      {"ip4:192.0.2.1/01", "0 to 32"},
      {"ip4:192.0.2.1//24", "0 to 32"},
      {"ip4:2001:db8::1", "IPv4 network"},
      {"ip4", "missing"},
      {"ip6:192.0.2.1", "IPv6 network"},
      {"ip6:2001:db8::/129", "0 to 128"},
      {"ipv4:192.0.2.1", "\"ip4:\" was meant"},
      {"include", "missing"},
      {"include:", "missing"},
      {"include:x.com/24", "top-level"},
      {"a:com", "top-level"},
      {"a:", "missing"},
      {"a/33", "0 to 32"},
      {"a//129", "0 to 128"},
      {"a/24/24", "may stand behind"},
      {"a//64//64", "0 to 32"},
      {"a//64/24", "may stand behind"},
      {"ptr/24", "may stand behind"},
      {"exists:%{q}.x.com", "no macro"},
      {"redirect:x.com", "\"redirect=\" was meant"},
      {"redirect=", "missing"},
      {"x=%", "percent sign"},
      {"-", "no mechanism"},
      {"=x", "no mechanism"},
      {"a\tb", "no mechanism"},
  };
  for (const Case& c : cases) {
    auto record = parse_spf_record("v=spf1 mx " + std::string(c.term) + " -all");
    ASSERT_FALSE(record) << c.term;
    EXPECT_THAT(record.error().message(), HasSubstr(c.because)) << c.term;
  }
  EXPECT_FALSE(parse_spf_record("v=spf1 redirect=a.com redirect=b.com"));
  EXPECT_FALSE(parse_spf_record("v=spf1 exp=a.com exp=b.com"));
  EXPECT_TRUE(parse_spf_record("v=spf1 moo=a moo=b"));
}

TEST(SpfRecord, keeps_a_mapped_network_apart_from_ipv4) {
  auto record = parse_spf_record("v=spf1 ip6:::ffff:192.0.2.1/96 -all");
  ASSERT_TRUE(record);
  EXPECT_FALSE(record->directives[0].network.v4);
  EXPECT_FALSE(record->directives[0].network.contains(*IpAddress::parse("192.0.2.1")));
}

}  // namespace
}  // namespace waypost::mailauth
