#include "domains/key_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domains/needs.h"
#include "domains/settings.h"
#include "io/memory_disk.h"
#include "mailauth/dkim_record.h"

namespace waypost::domains {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

class KeyChangesTest : public testing::Test {
 protected:
  KeyChangesTest() {
    EXPECT_TRUE(disk_.make_folders("/data", 0755));
    shop_.domain = "shop.example";
  }
  void make(const std::string& type) { ASSERT_TRUE(make_keys(store_, shop_, type, noon, rng_)); }
  // What a look at the records of these selectors comes to where all servers show them.
  publish::Verification all_seen(const std::vector<std::string>& selectors) const {
    publish::Verification seen;
    for (const std::string& selector : selectors) {
      publish::RecordReport report;
      report.wanted.purpose = publish::Purpose::dkim;
      report.wanted.name = mailauth::dkim_record_name(selector, shop_.domain);
      report.observations.resize(2);
      report.observations[1].server.resolver = true;
      seen.records.push_back(report);
    }
    return seen;
  }

  io::MemoryDisk disk_{1};
  io::SystemRng rng_;
  DomainStore store_{disk_, "/data/keys"};
  SendingDomain shop_;
};

TEST_F(KeyChangesTest, only_a_key_whose_record_was_seen_signs) {
  make("ed25519");
  make("rsa");
  const std::string seen = shop_.keys.at(0).selector;
  auto signing = sign_with_seen(store_, shop_, all_seen({seen}), "", noon);
  EXPECT_THAT(*signing, ElementsAre(seen));
  EXPECT_EQ(shop_.keys[0].state, KeyState::signing);
  EXPECT_EQ(shop_.keys[1].state, KeyState::prepared);
  EXPECT_EQ(*store_.load("shop.example"), shop_);
}

TEST_F(KeyChangesTest, a_key_that_is_named_signs_alone) {
  make("ed25519");
  make("rsa");
  const std::string named = shop_.keys.at(1).selector;
  auto signing =
      sign_with_seen(store_, shop_, all_seen({shop_.keys[0].selector, named}), named, noon);
  EXPECT_THAT(*signing, ElementsAre(named));
  EXPECT_EQ(shop_.keys[0].state, KeyState::prepared);
}

TEST_F(KeyChangesTest, new_keys_are_of_the_types_that_sign) {
  make("ed25519");
  ASSERT_TRUE(sign_with_seen(store_, shop_, all_seen({shop_.keys.at(0).selector}), "", noon));
  ASSERT_TRUE(rotate_keys(store_, shop_, "", noon, rng_));
  ASSERT_EQ(shop_.keys.size(), 2u);
  EXPECT_EQ(shop_.keys[1].type, KeyType::ed25519);
  EXPECT_EQ(rotate_keys(store_, shop_, "", noon, rng_).error().code(), ErrorCode::already_exists);
}

TEST_F(KeyChangesTest, a_key_that_signed_leaves_two_weeks_later_and_one_that_did_not_at_once) {
  make("both");
  const std::string rsa = shop_.keys.at(0).selector;
  const std::string other = shop_.keys.at(1).selector;
  ASSERT_TRUE(sign_with_seen(store_, shop_, all_seen({rsa}), "", noon));
  ASSERT_TRUE(end_signing(store_, shop_, rsa, noon));
  ASSERT_TRUE(end_signing(store_, shop_, other, noon));
  EXPECT_EQ(end_signing(store_, shop_, "none", noon).error().code(), ErrorCode::not_found);
  const Leaving now = leaving_of(shop_, other, false, noon);
  EXPECT_THAT(now.gone, ElementsAre(shop_.keys[1]));
  EXPECT_THAT(now.staying, ElementsAre(shop_.keys[0]));
  EXPECT_THAT(leaving_of(shop_, rsa, true, noon).gone, ElementsAre(shop_.keys[0]));
  EXPECT_THAT(leaving_of(shop_, "", false, noon + retired_published_for).staying, IsEmpty());
}

TEST_F(KeyChangesTest, settings_become_terms_of_records) {
  ASSERT_TRUE(take_settings(
      {{"192.0.2.1", "2001:db8::1", "Mail.Shop.example", "include:spf.example"}, "", "", ""},
      shop_));
  EXPECT_EQ(shop_.senders, "ip4:192.0.2.1 ip6:2001:db8::1 a:mail.shop.example include:spf.example");
  ASSERT_TRUE(take_settings({{}, "bounce.shop.example", "dmarc@shop.example", "reject"}, shop_));
  EXPECT_EQ(shop_.policy, mailauth::DmarcPolicy::reject);
  EXPECT_THAT(shop_.senders, HasSubstr("192.0.2.1"));
  for (const DomainSettings& bad :
       {DomainSettings{{"include:%{i}.example"}, "", "", ""}, DomainSettings{{"a b"}, "", "", ""},
        DomainSettings{{"ip4:192.0.2.1\r\nx"}, "", "", ""}, DomainSettings{{}, "../keys", "", ""},
        DomainSettings{{}, "", "a@b\r\nc", ""}, DomainSettings{{}, "", "nobody", ""},
        DomainSettings{{}, "", "", "none; rua=mailto:x@y"}}) {
    SendingDomain domain = shop_;
    EXPECT_EQ(take_settings(bad, domain).error().code(), ErrorCode::invalid_input);
  }
}

TEST_F(KeyChangesTest, one_domain_too_many_is_not_begun) {
  ASSERT_TRUE(disk_.make_folders("/data/keys", 0700));
  for (size_t i = 0; i < domains_max; ++i)
    ASSERT_TRUE(disk_.write_file("/data/keys/d" + std::to_string(i) + ".example.toml", "", 0600));
  EXPECT_EQ(load_or_begin(store_, "shop.example").error().code(), ErrorCode::resource_exhausted);
  ASSERT_TRUE(disk_.remove("/data/keys/d0.example.toml"));
  EXPECT_EQ(load_or_begin(store_, "Shop.example")->domain, "shop.example");
}

TEST_F(KeyChangesTest, addresses_of_a_network_of_ones_own_are_not_published) {
  const auto terms = [&](const std::vector<IpAddress>& addresses) {
    return needs_of(store_, shop_, {"Mail.shop.example", addresses})->spf_terms;
  };
  EXPECT_THAT(terms({*IpAddress::parse("10.0.0.1"), *IpAddress::parse("192.0.2.1")}),
              ElementsAre("ip4:192.0.2.1"));
  EXPECT_THAT(terms({*IpAddress::parse("fd00::1")}), ElementsAre("a:Mail.shop.example"));
}

}  // namespace
}  // namespace waypost::domains
