#include "mailauth/spf_macro.h"

#include <gtest/gtest.h>

namespace waypost::mailauth {
namespace {

using Place = MacroString::Place;

MacroValues values(std::string_view ip) {
  MacroValues made;
  made.ip = *IpAddress::parse(ip);
  made.local_part = "strong-bad";
  made.sender_domain = made.domain = "email.example.com";
  made.helo = "mx.example.org";
  made.validated = "mx.example.org";
  made.receiver = "relay.example.net";
  made.now = WallTime(std::chrono::seconds(1'000'000));
  return made;
}

TEST(SpfMacro, expands_as_the_examples_of_the_rfc) {
  struct Case {
    std::string_view text;
    std::string_view expanded;
  };
  // RFC 7208 §7.4.
  const Case cases[] = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
      {"%{L}%{S}%%%_%-", "strong-badstrong-bad%40email.example.com% %20"},
      {"%{H} %{c} %{r} %{t} %{p}",
       "mx.example.org 192.0.2.3 relay.example.net 1000000 "
       "mx.example.org"},
  };
  for (const Case& c : cases) {
    auto macros = MacroString::parse(c.text, Place::explanation);
    ASSERT_TRUE(macros) << c.text << ": " << macros.error().describe();
    EXPECT_EQ(macros->expand(values("192.0.2.3")), c.expanded) << c.text;
  }
  EXPECT_EQ(MacroString::parse("%{ir}.%{v}._spf.%{d2}", Place::record)
                ->expand_domain(values("2001:db8::cb01")),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf."
            "example.com");
}

TEST(SpfMacro, says_what_is_wrong_with_a_macro) {
  for (std::string_view text : {"%", "%{", "%{d", "%{}", "%{x}", "%{d0}", "%{d2x}", "%(d)", "% d",
                                "%{dr2}", "%{c}", "%{r}", "%{t}", "a b", "\x80", "\t"})
    EXPECT_FALSE(MacroString::parse(text, Place::record)) << text;
  EXPECT_TRUE(MacroString::parse("%{c} %{r} %{t}", Place::explanation));
  EXPECT_FALSE(MacroString::parse("caf\xc3\xa9", Place::explanation));
}

TEST(SpfMacro, knows_what_may_end_a_domain) {
  for (std::string_view text :
       {"a.com", "a.com.", "a.c-m", "%{d}", "a.%{d2}", "a%%", "a.x1", "%{d}.net", "a..net"})
    EXPECT_TRUE(MacroString::parse(text, Place::record)->ends_as_domain()) << text;
  for (std::string_view text :
       {"", "com", "a.123", "a.c_m", "a.-com", "a.com-", "a.com..", "%{d}net", "a.com/24", "%%com"})
    EXPECT_FALSE(MacroString::parse(text, Place::record)->ends_as_domain()) << text;
}

TEST(SpfMacro, cuts_long_names_from_the_left_and_escapes_odd_octets) {
  MacroValues long_values = values("192.0.2.3");
  long_values.local_part = std::string(100, 'a') + "." + std::string(100, 'b');
  auto name = MacroString::parse("%{l}.%{l}.end.example", Place::record);
  EXPECT_EQ(name->expand_domain(long_values),
            std::string(100, 'a') + "." + std::string(100, 'b') + ".end.example")
      << "four labels of 100 octets do not fit into 253";
  long_values.local_part = "A+b c";
  EXPECT_EQ(MacroString::parse("%{l}.example.net.", Place::record)->expand_domain(long_values),
            "a+b c.example.net");
  long_values.local_part = std::string(2000, 'a');
  std::string many;
  for (int i = 0; i < 100; ++i) many += "%{l}";
  EXPECT_EQ(MacroString::parse(many, Place::record)->expand(long_values), "");
}

TEST(SpfMacro, tells_what_it_depends_on) {
  EXPECT_TRUE(MacroString::parse("%{p}.x.com", Place::record)->needs_validated_name());
  EXPECT_FALSE(MacroString::parse("%{i}.x.com", Place::record)->needs_validated_name());
  EXPECT_TRUE(MacroString::parse("%{i}.x.com", Place::record)->depends_on_message());
  EXPECT_FALSE(MacroString::parse("_spf.%{d}", Place::record)->depends_on_message());
}

}  // namespace
}  // namespace waypost::mailauth
