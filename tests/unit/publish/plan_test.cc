#include "publish/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "mailauth/dkim_record.h"
#include "mailauth/spf_check.h"
#include "publish/render.h"
#include "tests/fakes/test_loop.h"

namespace waypost::publish {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// No real key, but of the length of one with 2048 bits.
const std::string long_key = "v=DKIM1; k=rsa; p=" + std::string(392, 'A');

class PlanTest : public testing::Test {
 protected:
  PlanTest() {
    needs.domain = "shop.example";
    needs.spf_terms = {"ip4:192.0.2.1"};
    needs.reports = "postmaster@shop.example";
    // The key of RFC 8463 appendix A.2.
    needs.keys = {{"e1", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}};
  }
  void txt(std::string_view name, std::string text) { resolver_.add_txt(name, {std::move(text)}); }
  Plan plan() {
    auto published =
        loop_.run(look_up_published(resolver_, needs, loop_.in(std::chrono::seconds(5))));
    EXPECT_TRUE(published);
    return make_plan(needs, published ? *published : Published());
  }
  WantedRecord of(Purpose purpose) {
    for (const WantedRecord& record : plan().records)
      if (record.purpose == purpose) return record;
    ADD_FAILURE() << name(purpose) << " is not planned";
    return {};
  }

  fakes::TestLoop loop_;
  dns::MemoryResolver resolver_{loop_};
  Needs needs;
};

TEST_F(PlanTest, plans_three_records_for_a_domain_that_has_none) {
  const Plan made = plan();
  ASSERT_EQ(made.records.size(), 3u);
  EXPECT_THAT(made.problems, IsEmpty());
  EXPECT_FALSE(made.published());
  EXPECT_EQ(made.records[0].name, "shop.example");
  EXPECT_EQ(made.records[0].text, "v=spf1 ip4:192.0.2.1 ~all");
  EXPECT_EQ(made.records[1].name, "e1._domainkey.shop.example");
  EXPECT_EQ(made.records[2].name, "_dmarc.shop.example");
  EXPECT_EQ(made.records[2].text, "v=DMARC1; p=none; rua=mailto:postmaster@shop.example");
}

TEST_F(PlanTest, has_nothing_to_do_where_its_own_plan_is_published) {
  for (const WantedRecord& record : plan().records) txt(record.name, record.text);
  EXPECT_TRUE(plan().published());
}

TEST_F(PlanTest, puts_spf_into_the_record_that_is_there) {
  txt("shop.example", "google-site-verification=1");
  txt("shop.example", "v=spf1 include:_spf.example.net -all exp=why.shop.example");
  txt("_spf.example.net", "v=spf1 ip4:198.51.100.0/24 -all");
  const WantedRecord spf = of(Purpose::spf);
  EXPECT_EQ(spf.text, "v=spf1 include:_spf.example.net ip4:192.0.2.1 -all exp=why.shop.example");
  EXPECT_THAT(spf.replaces,
              ElementsAre("v=spf1 include:_spf.example.net -all exp=why.shop.example"));
  EXPECT_THAT(spf.beside, ElementsAre("google-site-verification=1"));
}

TEST_F(PlanTest, leaves_spf_alone_that_lets_the_address_pass) {
  txt("shop.example", "v=spf1 include:_spf.example.net -all");
  txt("_spf.example.net", "v=spf1 ip4:192.0.2.0/24 -all");
  EXPECT_TRUE(of(Purpose::spf).published);
  needs.spf_terms = {"a:mail.shop.example"};
  EXPECT_EQ(of(Purpose::spf).text, "v=spf1 include:_spf.example.net a:mail.shop.example -all");
}

TEST_F(PlanTest, merges_two_spf_records_into_one) {
  txt("shop.example", "v=spf1 ip4:198.51.100.1 -all");
  txt("shop.example", "v=spf1 ip4:198.51.100.9 ~all");
  const WantedRecord spf = of(Purpose::spf);
  EXPECT_EQ(spf.text, "v=spf1 ip4:198.51.100.1 ip4:198.51.100.9 ip4:192.0.2.1 ~all");
  EXPECT_EQ(spf.replaces.size(), 2u);
}

TEST_F(PlanTest, keeps_every_term_of_two_spf_records) {
  // Covered by a network today, as the host's address may not be tomorrow.
  resolver_.add_address("mail.shop.example", *IpAddress::parse("198.51.100.1"));
  txt("shop.example", "v=spf1 a:mail.shop.example -all");
  txt("shop.example", "v=spf1 ip4:198.51.100.0/24 -all");
  EXPECT_EQ(of(Purpose::spf).text,
            "v=spf1 a:mail.shop.example ip4:198.51.100.0/24 ip4:192.0.2.1 -all");
}

TEST_F(PlanTest, flattens_nothing_to_make_two_spf_records_fit) {
  std::string records[2];
  for (int i = 0; i < 12; ++i) {
    const std::string host = "h" + std::to_string(i) + ".shop.example";
    resolver_.add_address(host, *IpAddress::parse("198.51.100." + std::to_string(i)));
    records[i % 2] += " a:" + host;
  }
  for (const std::string& each : records) txt("shop.example", "v=spf1" + each + " -all");
  const Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("needs 12 DNS lookups"));
  EXPECT_THAT(made.problems[0], HasSubstr("a:h11.shop.example"));
  EXPECT_EQ(made.records[0].purpose, Purpose::dkim) << "no record of SPF is planned";
}

TEST_F(PlanTest, leaves_two_spf_records_that_nobody_can_compare) {
  txt("shop.example", "v=spf1 exists:%{i}.list.shop.example -all");
  txt("shop.example", "v=spf1 ip4:198.51.100.9 -all");
  const Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("\"v=spf1 ip4:198.51.100.9 -all\""));
}

TEST_F(PlanTest, puts_terms_before_a_redirect) {
  txt("shop.example", "v=spf1 redirect=_spf.example.net");
  txt("_spf.example.net", "v=spf1 ip4:198.51.100.0/24 -all");
  EXPECT_EQ(of(Purpose::spf).text, "v=spf1 ip4:192.0.2.1 redirect=_spf.example.net");
}

TEST_F(PlanTest, does_not_build_on_a_broken_record) {
  txt("shop.example", "v=spf1 ip4:192.0.2.300 -all");
  const Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("is broken"));
  EXPECT_FALSE(made.published());
}

TEST_F(PlanTest, says_when_the_record_needs_an_eleventh_lookup) {
  std::string record = "v=spf1";
  for (int i = 0; i < 10; ++i) {
    const std::string host = "h" + std::to_string(i) + ".shop.example";
    resolver_.add_address(host, *IpAddress::parse("198.51.100.1"));
    record += " a:" + host;
  }
  txt("shop.example", record + " -all");
  EXPECT_THAT(plan().problems, IsEmpty());
  needs.spf_terms = {"a:mail.shop.example"};
  const auto problems = plan().problems;
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems[0], HasSubstr("needs 11 DNS lookups"));
}

TEST_F(PlanTest, raises_the_policy_of_dmarc_and_keeps_its_other_tags) {
  txt("_dmarc.shop.example", "v=DMARC1; p=none; sp=reject; rua=mailto:d@shop.example");
  EXPECT_TRUE(of(Purpose::dmarc).published);
  needs.policy = mailauth::DmarcPolicy::quarantine;
  EXPECT_EQ(of(Purpose::dmarc).text,
            "v=DMARC1; p=quarantine; sp=reject; rua=mailto:d@shop.example");
}

TEST_F(PlanTest, never_weakens_the_policy_of_dmarc) {
  txt("_dmarc.shop.example", "v=DMARC1; p=reject; rua=mailto:d@shop.example");
  needs.policy = mailauth::DmarcPolicy::quarantine;
  EXPECT_TRUE(of(Purpose::dmarc).published);
}

TEST_F(PlanTest, leaves_a_policy_alone_that_nobody_can_read) {
  for (const char* wrong : {"p=reject; sp=rejct", "p=rejct", "p=none; np=refuse"}) {
    Published published;
    published.txt["_dmarc.shop.example"] = {std::string("v=DMARC1; ") + wrong};
    const Plan made = make_plan(needs, published);
    ASSERT_EQ(made.problems.size(), 1u) << wrong;
    EXPECT_THAT(made.problems[0], HasSubstr("is no policy"));
    EXPECT_EQ(made.records.back().purpose, Purpose::dkim) << "no record of DMARC is planned";
  }
}

TEST_F(PlanTest, chooses_none_of_several_dmarc_records) {
  txt("_dmarc.shop.example", "v=DMARC1; p=none");
  txt("_dmarc.shop.example", "v=DMARC1; p=reject");
  const Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("\"v=DMARC1; p=none\", \"v=DMARC1; p=reject\""));
  EXPECT_EQ(made.records.back().purpose, Purpose::dkim) << "no record of DMARC is planned";
}

TEST_F(PlanTest, raises_each_policy_that_stands_twice_and_weakens_none) {
  txt("_dmarc.shop.example", "v=DMARC1; p=none; p=reject");
  needs.policy = mailauth::DmarcPolicy::quarantine;
  EXPECT_EQ(of(Purpose::dmarc).text, "v=DMARC1; p=quarantine; p=reject");
}

TEST_F(PlanTest, takes_a_key_for_published_whatever_its_other_tags_are) {
  txt("e1._domainkey.shop.example",
      "v=DKIM1; t=s; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
  EXPECT_TRUE(of(Purpose::dkim).published);
  txt("e1._domainkey.shop.example", "v=DKIM1; k=ed25519; p=");
  EXPECT_FALSE(of(Purpose::dkim).published);
}

TEST_F(PlanTest, never_takes_the_place_of_a_key_in_force) {
  const std::string other = "v=DKIM1; k=ed25519; p=22qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  txt("e1._domainkey.shop.example", other);
  const Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("Choose another selector"));
  EXPECT_TRUE(made.records[1].blocked);
  EXPECT_THAT(made.records[1].replaces, IsEmpty());
  for (const std::string& form : {as_zone(made), as_terraform(made, TerraformProvider::route53),
                                  as_terraform(made, TerraformProvider::cloudflare)})
    EXPECT_THAT(form, Not(HasSubstr("11qYAYKx")));
  EXPECT_THAT(as_text(made), HasSubstr("do not publish it"));
  // Beside ours it is not taken away either.
  txt("e1._domainkey.shop.example", needs.keys[0].record);
  EXPECT_EQ(plan().problems.size(), 1u);
}

TEST_F(PlanTest, takes_the_place_of_what_is_no_key) {
  txt("e1._domainkey.shop.example", "v=spf1 -all");
  txt("e1._domainkey.shop.example", "v=DKIM1; k=ed25519; p=");
  txt("e1._domainkey.shop.example", "v=DKIM1; k=rsa; p=" + std::string(236, 'A'));
  EXPECT_THAT(plan().problems, IsEmpty());
  EXPECT_EQ(of(Purpose::dkim).replaces.size(), 3u);
}

TEST_F(PlanTest, plans_the_return_path) {
  needs.return_path = "bounce.shop.example";
  needs.return_path_host = "mail.shop.example";
  EXPECT_EQ(of(Purpose::return_path_mx).text, "mail.shop.example");
  EXPECT_EQ(of(Purpose::return_path_spf).name, "bounce.shop.example");
  resolver_.add_mx("bounce.shop.example", 5, "mail.shop.example");
  EXPECT_TRUE(of(Purpose::return_path_mx).published);
}

TEST_F(PlanTest, fails_when_the_name_system_does_not_answer) {
  resolver_.set_failure("shop.example", Error(ErrorCode::dns, "SERVFAIL"));
  EXPECT_FALSE(loop_.run(look_up_published(resolver_, needs, loop_.in(std::chrono::seconds(5)))));
}

TEST_F(PlanTest, cuts_long_values_where_a_string_ends) {
  needs.keys = {{"r1", long_key}};
  const Plan made = plan();
  const std::string first = long_key.substr(0, 255);
  const std::string second = long_key.substr(255);
  EXPECT_THAT(as_zone(made), HasSubstr("r1._domainkey.shop.example. 3600 IN TXT \"" + first +
                                       "\" \"" + second + "\"\n"));
  EXPECT_THAT(as_text(made), HasSubstr("value  " + long_key + "\n"));
  EXPECT_THAT(as_text(made), HasSubstr("\n           \"" + second + "\"\n"));
  EXPECT_THAT(as_terraform(made, TerraformProvider::route53),
              HasSubstr("records = [\"" + first + "\\\"\\\"" + second + "\"]"));
  EXPECT_THAT(as_terraform(made, TerraformProvider::cloudflare),
              HasSubstr("content  = \"\\\"" + first + "\\\" \\\"" + second + "\\\"\""));
  const std::string rdata = made.records[1].rdata();
  EXPECT_EQ(rdata.size(), long_key.size() + 2);
  EXPECT_EQ(rdata[0], '\xff');
}

TEST_F(PlanTest, keeps_the_other_texts_of_a_name_where_one_resource_holds_all) {
  txt("shop.example", "site=${x} \"y\" \\z caf\xc3\xa9");
  const Plan made = plan();
  // Route 53 is to see  site=${x} \"y\" \\z caf\303\251  between quotes.
  EXPECT_THAT(as_terraform(made, TerraformProvider::route53),
              HasSubstr("records = [\"v=spf1 ip4:192.0.2.1 ~all\", "
                        R"("site=$${x} \\\"y\\\" \\\\z caf\\303\\251"])"));
  EXPECT_THAT(as_terraform(made, TerraformProvider::cloudflare), Not(HasSubstr("site=")));
}

TEST_F(PlanTest, puts_a_sender_in_front_of_what_takes_it_first) {
  for (const auto& [there, wanted] : {
           std::pair("v=spf1 -ip4:192.0.2.0/24 include:esp.example ~all",
                     "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 include:esp.example ~all"),
           std::pair("v=spf1 include:esp.example ?ip4:192.0.2.0/24 -all",
                     "v=spf1 include:esp.example ip4:192.0.2.1 ?ip4:192.0.2.0/24 -all"),
           std::pair("v=spf1 -include:listed.example ~all",
                     "v=spf1 ip4:192.0.2.1 -include:listed.example ~all"),
           std::pair("v=spf1 -ip4:192.0.2.0/24 ip4:192.0.2.1 -all",
                     "v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 -all"),
           std::pair("v=spf1 -all ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 -all ip4:192.0.2.1"),
           std::pair("v=spf1 -ip4:198.51.100.9 ~all",
                     "v=spf1 -ip4:198.51.100.9 ip4:192.0.2.1 ~all"),
       }) {
    dns::MemoryResolver resolver(loop_);
    resolver.add_txt("esp.example", {"v=spf1 ip4:198.51.100.0/24 -all"});
    resolver.add_txt("listed.example", {"v=spf1 ip4:192.0.2.0/28 -all"});
    resolver.add_txt("shop.example", {there});
    auto published =
        loop_.run(look_up_published(resolver, needs, loop_.in(std::chrono::seconds(5))));
    ASSERT_TRUE(published);
    const Plan made = make_plan(needs, *published);
    ASSERT_THAT(made.problems, IsEmpty()) << there;
    EXPECT_EQ(made.records[0].text, wanted);
    // As a receiver reads it.
    dns::MemoryResolver after(loop_);
    after.add_txt("esp.example", {"v=spf1 ip4:198.51.100.0/24 -all"});
    after.add_txt("listed.example", {"v=spf1 ip4:192.0.2.0/28 -all"});
    after.add_txt("shop.example", {made.records[0].text});
    mailauth::SpfQuestion question;
    question.ip = IpAddress::v4({192, 0, 2, 1});
    question.sender = "ann@shop.example";
    auto verdict =
        loop_.run(mailauth::check_spf(after, question, loop_.in(std::chrono::seconds(5))));
    EXPECT_EQ(verdict.result, mailauth::SpfResult::pass) << made.records[0].text;
  }
}

TEST_F(PlanTest, puts_a_host_in_front_of_what_takes_its_address) {
  needs.spf_terms = {"a:mail.shop.example"};
  resolver_.add_address("mail.shop.example", *IpAddress::parse("192.0.2.7"));
  txt("shop.example", "v=spf1 ip4:198.51.100.1 -ip4:192.0.2.0/24 ~all");
  EXPECT_EQ(of(Purpose::spf).text,
            "v=spf1 ip4:198.51.100.1 a:mail.shop.example -ip4:192.0.2.0/24 ~all");
}

TEST_F(PlanTest, leaves_out_what_a_record_says_of_some_servers_that_it_includes) {
  needs.spf_terms = {"include:esp.example"};
  txt("esp.example", "v=spf1 ip4:198.51.100.0/24 -all");
  txt("shop.example", "v=spf1 -ip4:198.51.100.7 include:esp.example ~all");
  const WantedRecord spf = of(Purpose::spf);
  EXPECT_TRUE(spf.published);
  EXPECT_THAT(spf.remarks, ElementsAre(HasSubstr("as 198.51.100.7")));
}

TEST_F(PlanTest, says_on_what_a_sender_depends) {
  txt("shop.example", "v=spf1 -exists:%{i}.list.example ip4:192.0.2.1 ~all");
  const WantedRecord spf = of(Purpose::spf);
  EXPECT_TRUE(spf.published);
  EXPECT_THAT(spf.remarks, ElementsAre(HasSubstr("depends on \"-exists:%{i}.list.example\"")));
}

TEST_F(PlanTest, plans_no_spf_that_nobody_could_read) {
  for (const char* sender : {"a:mx", "include:nothing.example", "ip4:192.0.2.300"}) {
    needs.spf_terms = {sender};
    const Plan made = plan();
    ASSERT_EQ(made.problems.size(), 1u) << sender;
    EXPECT_THAT(made.problems[0], HasSubstr(std::string("\"") + sender + "\""));
    EXPECT_EQ(made.records[0].purpose, Purpose::dkim) << "no record of SPF is planned";
  }
}

TEST_F(PlanTest, counts_the_lookups_below_a_sender) {
  needs.spf_terms = {"include:esp.example"};
  std::string record = "v=spf1";
  for (int i = 0; i < 10; ++i) {
    const std::string host = "h" + std::to_string(i) + ".esp.example";
    resolver_.add_address(host, *IpAddress::parse("198.51.100.1"));
    record += " a:" + host;
  }
  txt("esp.example", record + " -all");
  ASSERT_EQ(plan().problems.size(), 1u);
  EXPECT_THAT(plan().problems[0], HasSubstr("needs 11 DNS lookups"));
}

TEST_F(PlanTest, counts_the_lookups_that_find_nothing) {
  txt("shop.example", "v=spf1 a:n1.shop.example include:esp.example ip4:192.0.2.1 -all");
  txt("esp.example", "v=spf1 mx:n2.esp.example -all");
  EXPECT_THAT(plan().problems, IsEmpty()) << "two are allowed";
  needs.spf_terms = {"a:n3.shop.example", "ip4:192.0.2.1"};
  const Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("3 DNS lookups find nothing, 2 are allowed"));
  EXPECT_EQ(made.records[0].purpose, Purpose::dkim) << "no record of SPF is planned";
}

TEST_F(PlanTest, says_of_a_published_record_that_too_many_lookups_find_nothing) {
  txt("shop.example", "v=spf1 a:n1.x.example a:n2.x.example a:n3.x.example ip4:192.0.2.1 -all");
  ASSERT_EQ(plan().problems.size(), 1u);
  EXPECT_THAT(plan().problems[0], HasSubstr("3 DNS lookups find nothing"));
}

TEST_F(PlanTest, says_that_a_record_lets_everybody_send) {
  for (const char* open : {"v=spf1 +all", "v=spf1 ip4:0.0.0.0/0 -all"}) {
    Published published;
    mailauth::SurveyedRecord record{"shop.example", open};
    mailauth::SurveyedTerm term;
    term.text = std::string(open).substr(7, std::string(open).find(' ', 7) - 7);
    term.addresses = mailauth::AddressSet::everything();
    record.terms = {term};
    published.spf = {record};
    published.txt["shop.example"] = {open};
    published.senders = {term};
    EXPECT_THAT(make_plan(needs, published).records[0].remarks,
                ElementsAre(HasSubstr("large part of the world")));
  }
}

TEST_F(PlanTest, mends_spf_that_a_form_spoiled) {
  for (const char* spoiled : {"\"v=spf1 ip4:198.51.100.1 -all\"", " v=spf1 ip4:198.51.100.1 -all",
                              "v=spf1\tip4:198.51.100.1 -all"}) {
    dns::MemoryResolver resolver(loop_);
    resolver.add_txt("shop.example", {spoiled});
    resolver.add_txt("shop.example", {"the SPF record is v=spf1 -all"});
    auto published =
        loop_.run(look_up_published(resolver, needs, loop_.in(std::chrono::seconds(5))));
    ASSERT_TRUE(published);
    const WantedRecord spf = make_plan(needs, *published).records[0];
    EXPECT_EQ(spf.text, "v=spf1 ip4:198.51.100.1 ip4:192.0.2.1 -all");
    EXPECT_THAT(spf.replaces, ElementsAre(spoiled));
    EXPECT_EQ(spf.beside.size(), 1u);
    EXPECT_THAT(spf.remarks, ElementsAre(HasSubstr("no SPF record to receivers")));
  }
  txt("shop.example", "\"v=spf1 ip4:192.0.2.1 -all\"");
  EXPECT_FALSE(of(Purpose::spf).published) << "though its terms are the wanted ones";
}

TEST_F(PlanTest, mends_dmarc_that_receivers_do_not_take_for_it) {
  for (const char* spoiled : {"v=DMARC1 p=reject; rua=mailto:d@shop.example",
                              "v=dmarc1; p=reject; rua=mailto:d@shop.example",
                              "v=DMARC1\\; p=reject\\; rua=mailto:d@shop.example",
                              "p=reject; rua=mailto:d@shop.example; v=DMARC1",
                              "\"v=DMARC1; p=reject; rua=mailto:d@shop.example\""}) {
    dns::MemoryResolver resolver(loop_);
    resolver.add_txt("_dmarc.shop.example", {spoiled});
    auto published =
        loop_.run(look_up_published(resolver, needs, loop_.in(std::chrono::seconds(5))));
    ASSERT_TRUE(published);
    const WantedRecord dmarc = make_plan(needs, *published).records.back();
    EXPECT_EQ(dmarc.text, "v=DMARC1; p=reject; rua=mailto:d@shop.example");
    EXPECT_FALSE(dmarc.published);
    EXPECT_THAT(dmarc.replaces, ElementsAre(spoiled));
  }
}

TEST_F(PlanTest, guesses_at_no_dmarc_that_has_more_than_tags_in_it) {
  for (const char* spoiled :
       {"v=DMARC1, p=reject, rua=mailto:d@shop.example", "v=DMARC1: p=reject",
        "\xe2\x80\x98v=DMARC1; p=reject\xe2\x80\x99", "DMARC: v=DMARC1; p=reject",
        "_dmarc.shop.example. IN TXT \"v=DMARC1; p=reject\"", "v=DMARC10; p=reject",
        "v = dmarc1; p=reject", "v=dmarc1; p=reject; rua",
        "v=dmarc1; rua=mailto:d@a.example p=none", "v=dmarc1; p=none; v=dmarc1; p=reject"}) {
    dns::MemoryResolver resolver(loop_);
    resolver.add_txt("_dmarc.shop.example", {spoiled});
    auto published =
        loop_.run(look_up_published(resolver, needs, loop_.in(std::chrono::seconds(5))));
    ASSERT_TRUE(published);
    const Plan made = make_plan(needs, *published);
    ASSERT_EQ(made.problems.size(), 1u) << spoiled;
    EXPECT_THAT(made.problems[0], HasSubstr(std::string("cannot be told: \"") + spoiled));
    EXPECT_EQ(made.records.back().purpose, Purpose::dkim) << "no record of DMARC is planned";
  }
  txt("_dmarc.shop.example", "google-site-verification=1");
  EXPECT_THAT(plan().problems, IsEmpty());
}

TEST_F(PlanTest, takes_no_dmarc_for_published_that_a_blank_stands_in_front_of) {
  txt("_dmarc.shop.example", " v=DMARC1; p=reject; rua=mailto:d@shop.example");
  const WantedRecord dmarc = of(Purpose::dmarc);
  EXPECT_FALSE(dmarc.published);
  EXPECT_EQ(dmarc.text, "v=DMARC1; p=reject; rua=mailto:d@shop.example");
  EXPECT_EQ(dmarc.replaces.size(), 1u);
}

TEST_F(PlanTest, never_weakens_what_a_domain_above_asks_for) {
  needs.domain = "news.shop.example";
  txt("_dmarc.shop.example", "v=DMARC1; p=reject; adkim=s; rua=mailto:d@shop.example");
  const WantedRecord dmarc = of(Purpose::dmarc);
  EXPECT_EQ(dmarc.name, "_dmarc.news.shop.example");
  EXPECT_EQ(dmarc.text, "v=DMARC1; p=reject; adkim=s; rua=mailto:postmaster@shop.example");
  EXPECT_THAT(dmarc.remarks, ElementsAre(HasSubstr("shop.example asks for reject here, too (p)")));
  // What stands there in vain is not what holds.
  txt("_dmarc.news.shop.example", "v=dmarc1; p=none");
  EXPECT_EQ(of(Purpose::dmarc).text, "v=DMARC1; p=reject");
}

TEST_F(PlanTest, takes_the_policy_for_subdomains_and_raises_it) {
  needs.domain = "news.shop.example";
  txt("_dmarc.shop.example", "v=DMARC1; p=reject; sp=quarantine; t=y");
  EXPECT_THAT(of(Purpose::dmarc).text, HasSubstr("p=quarantine; t=y; rua="));
  needs.policy = mailauth::DmarcPolicy::reject;
  EXPECT_THAT(of(Purpose::dmarc).text, HasSubstr("p=reject; rua="));
}

TEST_F(PlanTest, guesses_no_policy_of_a_domain_above_that_does_not_answer) {
  resolver_.set_failure("_dmarc.example", Error(ErrorCode::dns, "SERVFAIL"));
  EXPECT_EQ(of(Purpose::dmarc).text, "v=DMARC1; p=none; rua=mailto:postmaster@shop.example");
  needs.domain = "news.shop.example";
  EXPECT_FALSE(loop_.run(look_up_published(resolver_, needs, loop_.in(std::chrono::seconds(5)))));
}

TEST_F(PlanTest, says_who_must_allow_reports) {
  needs.reports = "dmarc@reports.example";
  const auto remarks = of(Purpose::dmarc).remarks;
  ASSERT_EQ(remarks.size(), 2u);
  EXPECT_THAT(remarks[1], HasSubstr("shop.example._report._dmarc.reports.example"));
  txt("shop.example._report._dmarc.reports.example", "v=DMARC1");
  EXPECT_EQ(of(Purpose::dmarc).remarks.size(), 1u);
  needs.reports = "dmarc@in.shop.example";
  EXPECT_EQ(of(Purpose::dmarc).remarks.size(), 1u);
}

TEST_F(PlanTest, says_that_a_return_path_elsewhere_is_not_aligned) {
  needs.return_path_host = "mail.shop.example";
  needs.return_path = "bounce.shop.example";
  EXPECT_THAT(of(Purpose::return_path_spf).remarks, IsEmpty());
  needs.return_path = "bounce.other.example";
  EXPECT_THAT(of(Purpose::return_path_spf).remarks, ElementsAre(HasSubstr("only DKIM is left")));
}

TEST_F(PlanTest, plans_nothing_at_a_name_that_is_an_alias) {
  txt("other.example", "v=spf1 ip4:198.51.100.1 -all");
  resolver_.add_alias("shop.example", "other.example");
  Plan made = plan();
  ASSERT_EQ(made.problems.size(), 1u);
  EXPECT_THAT(made.problems[0], HasSubstr("shop.example is an alias of other.example"));
  EXPECT_TRUE(made.records[0].blocked);
  EXPECT_THAT(as_zone(made), Not(HasSubstr("IN TXT \"v=spf1")));
  // What receivers find there is good all the same.
  needs.spf_terms = {"ip4:198.51.100.1"};
  EXPECT_THAT(plan().problems, IsEmpty());
  EXPECT_TRUE(of(Purpose::spf).published);
}

TEST_F(PlanTest, takes_no_wildcard_for_an_alias) {
  needs.domain = "news.shop.example";
  txt("other.example", "v=spf1 ip4:198.51.100.1 -all");
  resolver_.add_alias("news.shop.example", "other.example");
  resolver_.add_alias("waypost-asks-for-a-wildcard.shop.example", "other.example");
  EXPECT_THAT(plan().problems, IsEmpty());
  EXPECT_EQ(of(Purpose::spf).text, "v=spf1 ip4:192.0.2.1 ~all");
}

TEST_F(PlanTest, takes_no_texts_of_a_wildcard_for_what_stands_there) {
  const std::string forbidding = "v=spf1 -all";
  for (const char* name :
       {"shop.example", "waypost-asks-for-a-wildcard.shop.example", "_dmarc.shop.example",
        "waypost-asks-for-a-wildcard._domainkey.shop.example", "e1._domainkey.shop.example"})
    txt(name, forbidding);
  const Plan made = plan();
  ASSERT_THAT(made.problems, IsEmpty());
  EXPECT_EQ(made.records[0].replaces.size(), 1u) << "that of the domain stands there";
  for (size_t i : {1u, 2u}) {
    EXPECT_FALSE(made.records[i].published);
    EXPECT_THAT(made.records[i].replaces, IsEmpty());
    EXPECT_THAT(made.records[i].beside, IsEmpty());
  }
  EXPECT_EQ(made.records[2].text, "v=DMARC1; p=none; rua=mailto:postmaster@shop.example");
  EXPECT_THAT(as_terraform(made, TerraformProvider::route53),
              Not(HasSubstr("rua=mailto:postmaster@shop.example\\\"\", ")));
  const std::string cloudflare = as_terraform(made, TerraformProvider::cloudflare);
  EXPECT_EQ(cloudflare.find("import {"), cloudflare.rfind("import {"));
}

TEST_F(PlanTest, keeps_what_holds_by_a_wildcard_and_leaves_that_alone) {
  needs.domain = "news.shop.example";
  for (const char* name : {"news.shop.example", "waypost-asks-for-a-wildcard.shop.example"})
    txt(name, "v=spf1 ip4:192.0.2.0/24 -all");
  const WantedRecord spf = of(Purpose::spf);
  EXPECT_EQ(spf.text, "v=spf1 ip4:192.0.2.0/24 -all");
  EXPECT_FALSE(spf.published) << "the wildcard ends with the first record of the domain";
  EXPECT_THAT(spf.replaces, IsEmpty());
  EXPECT_THAT(spf.remarks, ElementsAre(HasSubstr("made by a wildcard")));
  // No wildcard reaches a name below which something stands.
  txt("e1._domainkey.news.shop.example", needs.keys[0].record);
  EXPECT_TRUE(of(Purpose::spf).published);
}

TEST_F(PlanTest, takes_no_mail_host_of_a_wildcard_for_what_stands_there) {
  needs.return_path_host = "mail.shop.example";
  needs.return_path = "bounce.shop.example";
  resolver_.add_mx("bounce.shop.example", 10, "in.shop.example");
  EXPECT_THAT(of(Purpose::return_path_mx).remarks, ElementsAre(HasSubstr("in.shop.example now")));
  resolver_.add_mx("waypost-asks-for-a-wildcard.shop.example", 10, "in.shop.example");
  EXPECT_THAT(of(Purpose::return_path_mx).remarks, IsEmpty());
  txt("bounce.shop.example", "v=spf1 ip4:192.0.2.1 -all");
  EXPECT_THAT(of(Purpose::return_path_mx).remarks, ElementsAre(HasSubstr("in.shop.example now")));
}

TEST_F(PlanTest, does_not_take_a_key_for_published_that_receivers_refuse) {
  for (const char* refused : {"; h=sha1", "; s=tlsrpt"}) {
    Published published;
    published.txt["e1._domainkey.shop.example"] = {needs.keys[0].record + refused};
    const WantedRecord key = make_plan(needs, published).records[0];
    ASSERT_EQ(key.purpose, Purpose::dkim);
    EXPECT_FALSE(key.published) << refused;
    EXPECT_EQ(key.replaces.size(), 1u);
    EXPECT_THAT(key.remarks, ElementsAre(HasSubstr("receivers refuse")));
  }
}

TEST_F(PlanTest, has_terraform_import_what_it_takes_the_place_of_at_cloudflare) {
  EXPECT_THAT(as_terraform(plan(), TerraformProvider::cloudflare), Not(HasSubstr("import {")));
  txt("shop.example", "v=spf1 ip4:198.51.100.1 -all");
  const std::string text = as_terraform(plan(), TerraformProvider::cloudflare);
  EXPECT_THAT(text, HasSubstr("variable \"spf_shop_example_id\""));
  EXPECT_THAT(text, HasSubstr("import {\n  to = cloudflare_dns_record.spf_shop_example\n"
                              "  id = \"${var.zone_id}/${var.spf_shop_example_id}\"\n}\n"
                              "resource \"cloudflare_dns_record\" \"spf_shop_example\""));
}

TEST_F(PlanTest, names_records_as_forms_do) {
  EXPECT_EQ(relative_name("shop.example", "shop.example"), "@");
  EXPECT_EQ(relative_name("_dmarc.shop.example", "shop.example"), "_dmarc");
  EXPECT_EQ(relative_name("workshop.example", "shop.example"), "workshop.example.");
}

TEST_F(PlanTest, shows_hostile_records_safely) {
  txt("_dmarc.shop.example", "v=DMARC1; p=none; x=\x1b[2J");
  needs.policy = mailauth::DmarcPolicy::reject;
  EXPECT_THAT(as_text(plan()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(as_zone(plan()), Not(HasSubstr("\x1b")));
  EXPECT_THAT(as_zone(plan()), HasSubstr("x=\\027[2J\"\n"));
  EXPECT_THAT(as_terraform(plan(), TerraformProvider::route53), HasSubstr("x=\\\\033[2J\""));
}

}  // namespace
}  // namespace waypost::publish
