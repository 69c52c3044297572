#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mailauth/sts_policy.h"
#include "mailauth/sts_record.h"

namespace waypost::mailauth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(StsRecord, has_an_id_and_perhaps_more) {
  const std::pair<const char*, const char*> rows[] = {
      {"v=STSv1; id=20160831085700Z;", "20160831085700Z"}, {"v=STSv1;id=1", "1"},
      {"v=STSv1; id=a ; more.to-come_9=x/y:z", "a"},       {"v=STSv1; other=1;\tid=Z9\t;", "Z9"},
      {"v=STSv1; id=first; id=second", "first"},
  };
  for (const auto& [text, id] : rows) {
    auto record = parse_sts_record(text);
    ASSERT_TRUE(record) << text << ": " << record.error().describe();
    EXPECT_EQ(record->id, id);
    EXPECT_EQ(record->text, text);
  }
}

TEST(StsRecord, says_what_is_wrong) {
  const std::pair<std::string, const char*> rows[] = {
      {"v=STSv1;", "no id"},
      {"v=STSv1; id=", "no NAME=VALUE"},
      {"v=STSv1; id=2026-11-22", "letters and digits"},
      {"v=STSv1; id=" + std::string(33, '1'), "letters and digits"},
      {"v=STSv1; id=1;; x=1", "no NAME=VALUE"},
      {"v=STSv1; id=1; x", "no NAME=VALUE"},
      {"v=STSv1; id=1; x=y=z", "no NAME=VALUE"},
      {"v=STSv1; id=1; \xff=1", "no NAME=VALUE"},
      {"v=STSv1 id=1", "must begin"},
      {"v=stsv1; id=1", "must begin"},
      {"", "must begin"},
  };
  for (const auto& [text, words] : rows) {
    auto record = parse_sts_record(text);
    ASSERT_FALSE(record) << text;
    EXPECT_THAT(record.error().message(), HasSubstr(words)) << text;
  }
}

TEST(StsRecord, knows_what_was_meant_as_one) {
  for (const char* text :
       {"v=stsv1; id=1", "v = STSv1; id=1", "\"v=STSv1; id=1\"", "v=STSv1 ;id=1", "v=STS1; id=1"})
    EXPECT_TRUE(is_nearly_sts_record(text)) << text;
  for (const char* text : {"v=STSv1; id=1", "v=TLSRPTv1; rua=mailto:a@example.com", "v=spf1 -all",
                           "", "domain-verification=v=STSv1"})
    EXPECT_FALSE(is_nearly_sts_record(text)) << text;
}

constexpr std::string_view sound =
    "version: STSv1\nmode: enforce\nmx: mail.example.com\nmx: *.Example.net\r\nmx:backupmx.example."
    "com  \nmax_age: 604800\nlater: something\n";

TEST(StsPolicy, is_read_line_by_line) {
  auto policy = parse_sts_policy(sound);
  ASSERT_TRUE(policy) << policy.error().describe();
  EXPECT_EQ(policy->mode, StsMode::enforce);
  EXPECT_THAT(policy->patterns,
              ElementsAre("mail.example.com", "*.example.net", "backupmx.example.com"));
  EXPECT_EQ(policy->max_age_s, 604800u);
  auto twice = parse_sts_policy(
      "version: STSv1\nmode: testing\nmode: enforce\nmx: a.example.com\n"
      "max_age: 1\nmax_age: 2");
  ASSERT_TRUE(twice);
  EXPECT_EQ(twice->mode, StsMode::testing);
  EXPECT_EQ(twice->max_age_s, 1u);
  EXPECT_TRUE(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 0\n"));
}

TEST(StsPolicy, says_what_is_wrong_and_in_which_line) {
  const std::pair<std::string, const char*> rows[] = {
      {"", "no \"version:\""},
      {"<html>\n", "line 1: \"<html>\" is no KEY: VALUE"},
      {"version: STSv2\n", "line 1: the version"},
      {"version: STSv1\nmode: Enforce\n", "line 2: the mode"},
      {"version: STSv1\nmode: enforce\nmx: https://example.com\n", "line 3: "},
      {"version: STSv1\nmode: enforce\nmx: mx.*.example.com\n", "line 3: "},
      {"version: STSv1\nmode: enforce\nmx: *\n", "line 3: "},
      {"version: STSv1\nmode: enforce\nmx: a.example.com\nmax_age: 1d\n", "line 4: max_age"},
      {"version: STSv1\nmode: enforce\nmx: a.example.com\nmax_age: 99999999999\n", "max_age"},
      {"version: STSv1\nmode: enforce\nmx: a.example.com\nmax_age: 31557601\n", "max_age"},
      {"version: STSv1\nmode: enforce\nmx: a.example.com\n", "no \"max_age:\""},
      {"version: STSv1\nmode: testing\nmax_age: 1\n", "no \"mx:\""},
      {std::string(sts_policy_octets_max + 1, '\n'), "64 KiB"},
      {std::string(3000, '\n'), "too many lines"},
  };
  for (const auto& [text, words] : rows) {
    auto policy = parse_sts_policy(text);
    ASSERT_FALSE(policy) << text.substr(0, 80);
    EXPECT_THAT(policy.error().message(), HasSubstr(words));
  }
}

TEST(StsPolicy, names_hosts_by_whole_labels) {
  auto policy = parse_sts_policy(sound);
  ASSERT_TRUE(policy);
  for (const char* host : {"mail.example.com", "MAIL.example.COM.", "a.example.net"})
    EXPECT_TRUE(policy->names(host)) << host;
  for (const char* host : {"example.net", "a.b.example.net", "amail.example.com", "example.com",
                           "xexample.net", "", "mail.example.com.example.org"})
    EXPECT_FALSE(policy->names(host)) << host;
}

}  // namespace
}  // namespace waypost::mailauth
