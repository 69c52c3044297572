#include "mailauth/dmarc_record.h"

#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/mailauth/test_data.h"

namespace waypost::mailauth {
namespace {

namespace json = boost::json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(DmarcRecord, has_its_tags) {
  auto record = parse_dmarc_record(
      "V = DMARC1 ; P=Reject; sp=quarantine;np=none; adkim=S; aspf=r ;psd=n; t=y; fo=1:d; "
      "rua=mailto:a@example.net, mailto:b@example.org!10m ; ruf=mailto:Case@Example.NET;");
  ASSERT_TRUE(record) << record.error().describe();
  EXPECT_EQ(record->policy, DmarcPolicy::reject);
  EXPECT_EQ(record->for_subdomain(true), DmarcPolicy::quarantine);
  EXPECT_EQ(record->for_subdomain(false), DmarcPolicy::none);
  EXPECT_EQ(record->subdomain_tag(false), "np");
  EXPECT_TRUE(record->strict_dkim);
  EXPECT_FALSE(record->strict_spf);
  EXPECT_EQ(record->suffix, DmarcSuffix::no);
  EXPECT_TRUE(record->testing);
  EXPECT_EQ(record->failure_options, "1:d");
  EXPECT_THAT(record->aggregate_uris, ElementsAre("mailto:a@example.net", "mailto:b@example.org"));
  EXPECT_THAT(record->failure_uris, ElementsAre("mailto:Case@Example.NET"));
  EXPECT_THAT(record->problems, IsEmpty());
  EXPECT_THAT(record->notes, ElementsAre(HasSubstr("!10m")));
}

TEST(DmarcRecord, is_told_from_other_texts) {
  for (std::string_view text : {"v=DMARC1", "v=DMARC1;", "V = DMARC1 ; p=none", "v=DMARC1; p="})
    EXPECT_TRUE(is_dmarc_record(text)) << text;
  for (std::string_view text :
       {"", "v=dmarc1; p=none", "v=DMARC1x", "p=none; v=DMARC1", "v=DMARC1 p=none", "v=spf1 -all",
        "DMARC1", " v=DMARC1; p=reject", "\tv=DMARC1"})
    EXPECT_FALSE(is_dmarc_record(text)) << text;
}

TEST(DmarcRecord, ignores_what_is_wrong_and_says_so) {
  auto record = parse_dmarc_record(
      "v=DMARC1; p=none; pct=50; ri=3600; rf=afrf; psd=x; t=maybe; adkim=x; alone; =v; p=reject; "
      "x=y; rua=ann@example.net; fo=9");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->own(), DmarcPolicy::none);
  EXPECT_EQ(record->suffix, DmarcSuffix::unknown);
  EXPECT_EQ(record->problems.size(), 9u);
  EXPECT_THAT(record->problems, Contains(HasSubstr("mailto:ann@example.net")));
  EXPECT_THAT(record->notes,
              ElementsAre(HasSubstr("\"pct\""), HasSubstr("\"ri\""), HasSubstr("\"rf\"")));
}

TEST(DmarcRecord, applies_with_a_policy_or_where_reports_go) {
  EXPECT_FALSE(parse_dmarc_record("v=DMARC1; adkim=s")->applies());
  EXPECT_FALSE(parse_dmarc_record("v=DMARC1; p=bogus")->applies());
  EXPECT_FALSE(parse_dmarc_record("v=DMARC1; p=reject; sp=bogus")->applies());
  auto record = parse_dmarc_record("v=DMARC1; p=reject; np=bogus; rua=mailto:a@example.net");
  EXPECT_TRUE(record->applies());
  EXPECT_EQ(record->own(), DmarcPolicy::none);
}

TEST(DmarcRecord, says_which_policy_takes_the_others_away) {
  // RFC 9989 §4.10.1.
  auto record = parse_dmarc_record("v=DMARC1; p=reject; sp=foo; rua=mailto:a@example.net");
  EXPECT_FALSE(record->policy);
  EXPECT_EQ(record->policy_fault,
            "\"sp=foo\" cannot be read: it may be none, quarantine or reject. That takes "
            "\"p=reject\" away, too");
  EXPECT_THAT(record->problems, ElementsAre(HasSubstr("counts as \"p=none\"")));
  EXPECT_EQ(parse_dmarc_record("v=DMARC1; p=x; np=y")->policy_fault,
            "\"p=x\" and \"np=y\" cannot be read: it may be none, quarantine or reject");
  for (const char* sound : {"v=DMARC1; p=reject", "v=DMARC1; rua=mailto:a@example.net"})
    EXPECT_EQ(parse_dmarc_record(sound)->policy_fault, "") << sound;
}

TEST(DmarcRecord, has_no_policy_for_subdomains_without_one_of_its_own) {
  auto record = parse_dmarc_record("v=DMARC1; sp=reject; np=reject; rua=mailto:a@example.net");
  EXPECT_EQ(record->own(), DmarcPolicy::none);
  EXPECT_EQ(record->for_subdomain(true), DmarcPolicy::none);
  EXPECT_EQ(record->for_subdomain(false), DmarcPolicy::none);
  EXPECT_THAT(record->problems, ElementsAre(HasSubstr("count only beside a \"p\"")));
  EXPECT_FALSE(parse_dmarc_record("v=DMARC1; sp=reject")->applies());
}

TEST(DmarcRecord, judges_the_public_records) {
  const auto data = read_test_data("dmarc/internetnl-parse.jsonl");
  if (!data) NO_TEST_DATA("dmarc/internetnl-parse.jsonl");
  const std::string& text = *data;
  std::stringstream lines(text);
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const json::object row = json::parse(line).as_object();
    const bool valid = row.at("valid").as_bool();
    const std::string published =
        row.contains("record")
            ? std::string(row.at("record").as_string())
            : "v=DMARC1; p=none; rua=" + std::string(row.at("rua").as_array()[0].as_string());
    auto record = parse_dmarc_record(published);
    ASSERT_TRUE(record) << line;
    EXPECT_EQ(record->problems.empty(), valid) << line;
    EXPECT_EQ(record->policy.has_value(), true) << line;
  }
  EXPECT_EQ(count, 11u);
}

}  // namespace
}  // namespace waypost::mailauth
