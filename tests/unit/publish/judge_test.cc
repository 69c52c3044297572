#include "publish/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ascii.h"

namespace waypost::publish {
namespace {

using testing::HasSubstr;

constexpr std::string_view domain = "shop.example";
// The key of RFC 8463 appendix A.2.
constexpr std::string_view key = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    plan_.domain = domain;
    WantedRecord& spf = plan_.records.emplace_back();
    spf.purpose = Purpose::spf;
    spf.name = domain;
    spf.text = "v=spf1 ip4:192.0.2.1 ~all";
    WantedRecord& dkim = plan_.records.emplace_back();
    dkim.purpose = Purpose::dkim;
    dkim.name = "e1._domainkey.shop.example";
    dkim.text = "v=DKIM1; k=ed25519; p=" + std::string(key);
    WantedRecord& mx = plan_.records.emplace_back();
    mx.purpose = Purpose::return_path_mx;
    mx.name = "bounce.shop.example";
    mx.type = RecordType::mx;
    mx.text = "mail.shop.example";
    views_ = {right_view("192.0.2.53:53", false), right_view("192.0.2.54:53", false),
              right_view("127.0.0.1:53", true)};
  }
  View right_view(std::string_view server, bool resolver) {
    View view;
    view.server = {"", *Endpoint::parse(server), resolver};
    for (const WantedRecord& wanted : plan_.records) {
      if (wanted.type == RecordType::mx)
        view.mx[wanted.name].mx = {{10, wanted.text}};
      else
        view.txt[wanted.name].texts = {wanted.text};
    }
    return view;
  }
  // The same at every server.
  void everywhere(std::string_view name, std::vector<std::string> texts) {
    for (View& view : views_) view.txt[std::string(name)].texts = texts;
  }
  Observation first(size_t record) { return judge(plan_, views_)[record].observations.front(); }
  Difference spf() { return first(0).difference; }
  Difference dkim() { return first(1).difference; }

  Plan plan_;
  std::vector<View> views_;
};

TEST_F(JudgeTest, is_content_when_all_show_it) {
  for (const RecordReport& report : judge(plan_, views_)) EXPECT_TRUE(report.good());
}

TEST_F(JudgeTest, names_what_is_missing) {
  everywhere(domain, {"google-site-verification=1"});
  EXPECT_EQ(spf(), Difference::missing);
  for (View& view : views_) {
    view.txt["e1._domainkey.shop.example"] = {};
    view.txt["e1._domainkey.shop.example"].rcode = 3;
  }
  EXPECT_EQ(dkim(), Difference::missing);
  EXPECT_EQ(first(1).words, "The name does not exist.");
}

TEST_F(JudgeTest, finds_a_name_that_was_entered_in_full) {
  everywhere("e1._domainkey.shop.example", {});
  views_[0].doubled["e1._domainkey.shop.example"].texts = {plan_.records[1].text};
  EXPECT_EQ(dkim(), Difference::name_doubled);
  EXPECT_THAT(first(1).words, HasSubstr("e1._domainkey.shop.example.shop.example"));
  EXPECT_THAT(first(1).words, HasSubstr("as \"e1._domainkey\""));
}

TEST_F(JudgeTest, refuses_a_key_that_receivers_refuse) {
  const std::string name = "e1._domainkey.shop.example";
  for (const char* refused : {"; h=sha1", "; s=tlsrpt"}) {
    everywhere(name, {plan_.records[1].text + refused});
    EXPECT_EQ(dkim(), Difference::different) << refused;
    EXPECT_FALSE(judge(plan_, views_)[1].good()) << refused;
  }
  everywhere(name, {"v=DKIM1; t=y; k=ed25519; p=" + std::string(key)});
  EXPECT_EQ(dkim(), Difference::none);
  EXPECT_THAT(first(1).words, HasSubstr("only tries DKIM out"));
}

TEST_F(JudgeTest, says_what_is_wrong_with_a_key_record) {
  const std::string right = plan_.records[1].text;
  std::string escaped = right;
  for (size_t at = 0; (at = escaped.find(';', at)) != escaped.npos; at += 2)
    escaped.insert(at, "\\");
  for (const auto& [text, words] : {
           std::pair(escaped, "Backslashes"),
           std::pair(base::to_lower(right), "another case"),
           std::pair("-----BEGIN PUBLIC KEY-----" + std::string(key), "PEM"),
           std::pair(std::string(key), "starts with \"v=DKIM1;\""),
           std::pair(std::string("v=DKIM1; k=ed25519; p="), "withdraws"),
           std::pair(std::string("v=DKIM1; k=dsa; p=AAAA"), "k=dsa"),
       }) {
    everywhere("e1._domainkey.shop.example", {text});
    EXPECT_EQ(dkim(), Difference::different) << text;
    EXPECT_THAT(first(1).words, HasSubstr(words)) << text;
  }
}

TEST_F(JudgeTest, knows_a_key_that_was_entered_as_two_records) {
  const std::string right = plan_.records[1].text;
  everywhere("e1._domainkey.shop.example", {right.substr(30), right.substr(0, 30)});
  EXPECT_EQ(dkim(), Difference::several);
  EXPECT_THAT(first(1).words, HasSubstr("in two records"));
  everywhere("e1._domainkey.shop.example", {"x", "v=DKIM1; p="});
  EXPECT_THAT(first(1).words, HasSubstr("in the place of all"));
  EXPECT_THAT(first(1).words, testing::Not(HasSubstr("SPF")));
  // Read as one they would be the key as well.
  everywhere("e1._domainkey.shop.example", {"google=1", right});
  EXPECT_EQ(dkim(), Difference::several);
  EXPECT_THAT(first(1).words, HasSubstr("Leave only the wanted one"));
}

TEST_F(JudgeTest, finds_a_key_at_another_name) {
  const std::string name = "e1._domainkey.shop.example";
  everywhere(name, {});
  everywhere(domain, {plan_.records[0].text, plan_.records[1].text});
  EXPECT_EQ(dkim(), Difference::missing);
  EXPECT_THAT(first(1).words, HasSubstr("It is at shop.example instead"));
  everywhere(domain, {plan_.records[0].text});
  EXPECT_EQ(first(1).words, "The name has no key record.");
  views_[0].bare[name].texts = {plan_.records[1].text};
  EXPECT_EQ(dkim(), Difference::missing);
  EXPECT_THAT(first(1).words, HasSubstr("It is at e1.shop.example instead"));
  EXPECT_THAT(first(1).words, HasSubstr("as \"e1._domainkey\""));
}

TEST_F(JudgeTest, blames_the_name_only_for_a_record_that_is_missing) {
  View& view = views_[0];
  for (const WantedRecord& wanted : plan_.records) view.doubled[wanted.name].texts = {wanted.text};
  everywhere(domain, {"v=spf1 -all"});
  EXPECT_EQ(spf(), Difference::different);
  // As a wildcard shows it.
  everywhere("e1._domainkey.shop.example", {});
  view.doubled["e1._domainkey.shop.example"].texts = {"v=spf1 -all"};
  EXPECT_EQ(dkim(), Difference::missing);
}

TEST_F(JudgeTest, finds_quotes_in_the_value) {
  everywhere(domain, {"\"v=spf1 ip4:192.0.2.1 ~all\""});
  EXPECT_EQ(spf(), Difference::quoted);
  everywhere("e1._domainkey.shop.example", {"v=DKIM1; k=ed25519; p=11qYAYKx\" \"CrfVS"});
  EXPECT_EQ(dkim(), Difference::quoted);
}

TEST_F(JudgeTest, finds_a_second_record) {
  everywhere(domain, {"v=spf1 ip4:192.0.2.1 ~all", "v=spf1 mx -all"});
  EXPECT_EQ(spf(), Difference::several);
  EXPECT_EQ(first(0).seen.size(), 2u);
}

TEST_F(JudgeTest, leaves_the_key_of_another_host_where_it_stands) {
  plan_.records[1].blocked = true;
  everywhere("e1._domainkey.shop.example",
             {plan_.records[1].text,
              "v=DKIM1; k=ed25519; p=AAqYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  EXPECT_EQ(dkim(), Difference::different);
  EXPECT_THAT(first(1).words, HasSubstr("Leave it, and choose another selector"));
}

TEST_F(JudgeTest, finds_a_value_that_was_cut) {
  plan_.records[1].text = "v=DKIM1; k=rsa; p=" + std::string(392, 'A');
  everywhere("e1._domainkey.shop.example", {plan_.records[1].text.substr(0, 255)});
  EXPECT_EQ(dkim(), Difference::cut);
  EXPECT_THAT(first(1).words, HasSubstr("after 255 of its 410 octets, where one string"));
}

TEST_F(JudgeTest, notes_blanks_in_a_key_that_still_works) {
  everywhere("e1._domainkey.shop.example",
             {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7T yWQHOg7hcvPapiMlrwIaaPcHURo="});
  EXPECT_EQ(dkim(), Difference::none);
  EXPECT_THAT(first(1).words, HasSubstr("blanks where its pieces were joined"));
}

TEST_F(JudgeTest, finds_another_key_and_a_withdrawn_one) {
  everywhere("e1._domainkey.shop.example",
             {"v=DKIM1; k=ed25519; p=22qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="});
  EXPECT_EQ(dkim(), Difference::different);
  everywhere("e1._domainkey.shop.example", {"v=DKIM1; k=ed25519; p="});
  EXPECT_NE(dkim(), Difference::none);
}

TEST_F(JudgeTest, finds_an_alias_in_the_place_of_a_record) {
  everywhere("e1._domainkey.shop.example", {});
  views_[0].txt["e1._domainkey.shop.example"].alias = "keys.esp.example";
  EXPECT_EQ(dkim(), Difference::alias);

  views_[0].txt["e1._domainkey.shop.example"].alias_unreached = true;
  EXPECT_EQ(dkim(), Difference::no_answer);
  EXPECT_THAT(first(1).words, HasSubstr("leads to keys.esp.example"));
}

TEST_F(JudgeTest, tells_what_only_time_mends) {
  views_[2].txt[std::string(domain)].texts = {"v=spf1 -all"};
  views_[2].txt[std::string(domain)].ttl_s = 120;
  auto report = judge(plan_, views_)[0];
  EXPECT_EQ(report.observations[2].difference, Difference::stale);
  EXPECT_THAT(report.observations[2].words, HasSubstr("for at most 120 s"));
  EXPECT_FALSE(report.good());
  views_[1].txt[std::string(domain)].texts = {"v=spf1 -all"};
  report = judge(plan_, views_)[0];
  EXPECT_EQ(report.observations[1].difference, Difference::behind);
  EXPECT_EQ(report.observations[2].difference, Difference::different);
}

TEST_F(JudgeTest, does_without_one_silent_server_but_not_without_all) {
  views_[0].failure = "no answer in time";
  EXPECT_TRUE(judge(plan_, views_)[0].good());
  views_[1].failure = "no answer in time";
  EXPECT_TRUE(judge(plan_, views_)[0].unknown());
  EXPECT_FALSE(judge(plan_, views_)[0].good());
}

TEST_F(JudgeTest, takes_a_refusal_for_no_answer) {
  views_[0].txt[std::string(domain)].rcode = 5;
  EXPECT_EQ(spf(), Difference::no_answer);
  EXPECT_THAT(first(0).words, HasSubstr("refuses"));
}

TEST_F(JudgeTest, takes_a_server_without_the_zone_for_no_answer) {
  Sight& sight = views_[0].txt[std::string(domain)];
  sight = {};
  sight.authoritative = false;
  EXPECT_EQ(spf(), Difference::no_answer);
  EXPECT_THAT(first(0).words, HasSubstr("not authoritative"));
  EXPECT_TRUE(judge(plan_, views_)[0].good()) << "the other server and the resolver show it";
  sight.delegated_to = "ns.esp.example";
  EXPECT_EQ(spf(), Difference::no_answer);
  EXPECT_THAT(first(0).words, HasSubstr("delegated to ns.esp.example"));
}

TEST_F(JudgeTest, compares_mail_hosts) {
  views_[0].mx["bounce.shop.example"].mx = {{10, "other.example"}};
  EXPECT_EQ(first(2).difference, Difference::behind);
  for (View& view : views_) view.mx["bounce.shop.example"].mx = {};
  EXPECT_EQ(first(2).difference, Difference::missing);
}

}  // namespace
}  // namespace waypost::publish
