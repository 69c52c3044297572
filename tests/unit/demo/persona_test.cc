#include "demo/persona.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "classify/classifier.h"
#include "classify/shipped_rules.h"
#include "shaping/known_sites.h"

namespace waypost::demo {
namespace {

TEST(Personas, ten_have_a_server_and_three_cannot_be_reached) {
  std::set<std::string_view> domains;
  std::set<uint8_t> addresses;
  unsigned servers = 0;
  for (const Persona& persona : personas()) {
    EXPECT_TRUE(domains.insert(persona.domain).second) << persona.domain;
    EXPECT_TRUE(persona.domain.ends_with(".test")) << persona.domain;
    EXPECT_EQ(persona.mail_host.empty(), persona.loopback == 0) << persona.domain;
    if (persona.loopback != 0) {
      EXPECT_TRUE(addresses.insert(persona.loopback).second) << persona.domain;
    }
    servers += persona.presence == Presence::server;
  }
  EXPECT_EQ(servers, 10u);
  EXPECT_EQ(personas().size(), 13u);
}

TEST(Personas, what_they_say_is_read_as_the_rules_read_the_real_ones) {
  classify::Classifier classifier(classify::shipped_book());
  classify::Reader reader(classifier);
  const Occasion occasion{"bob@example.net", "example.com", "127.0.0.1"};
  for (const Persona& persona : personas())
    for (const Habit& habit : persona.habits) {
      const std::string text = reply_of(habit, occasion).text();
      EXPECT_EQ(text.find('{'), std::string::npos) << text;
      const classify::Reading reading =
          reader.read({text, persona.mail_host, std::nullopt, {}, "shop.test"});
      EXPECT_EQ(classify::slug(reading.reply_class), habit.reply_class)
          << persona.domain << ": " << text;
      EXPECT_NE(reading.rule, nullptr) << persona.domain << ": " << text;
    }
}

TEST(Personas, the_known_sites_are_known) {
  for (const Persona& persona : personas()) {
    if (persona.known_site.empty()) continue;
    const auto& sites = shaping::known_sites();
    EXPECT_TRUE(std::any_of(sites.begin(), sites.end(), [&](const shaping::KnownSite& site) {
      return site.id == persona.known_site;
    })) << persona.known_site;
  }
}

TEST(Personas, a_reply_has_its_codes_on_the_wire_and_the_occasion_in_its_text) {
  const Habit habit{Trigger::busy, "451 4.7.500 Not <{to}>,\nnot from {from} [{ip}], {to}",
                    "policy"};
  std::string wire;
  reply_of(habit, {"b@x.test", "a.test", "192.0.2.1"}).append_wire(wire);
  EXPECT_EQ(wire,
            "451-4.7.500 Not <b@x.test>,\r\n451 4.7.500 not from a.test [192.0.2.1], b@x.test\r\n");
  const smtp::Reply bare = reply_of({Trigger::busy, "421 Later", "policy"}, {});
  EXPECT_EQ(bare.code, 421);
  EXPECT_FALSE(bare.enhanced);
}

}  // namespace
}  // namespace waypost::demo
