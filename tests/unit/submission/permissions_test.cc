#include "submission/permissions.h"

#include <gtest/gtest.h>

namespace waypost::submission {
namespace {

smtp::Mailbox mailbox(std::string_view text) {
  return *smtp::parse_mailbox(text, smtp::Characters::utf8);
}

using intake::DomainPatterns;

int sender(const std::optional<DomainPatterns>& allowed, std::string_view address) {
  const auto refused = refuse_sender(allowed, mailbox(address));
  return refused ? refused->code : 250;
}

TEST(Permissions, let_a_login_send_as_its_own_domains_only) {
  const DomainPatterns own{"example.com", "*.example.org", "xn--bcher-kva.example"};
  EXPECT_EQ(sender(own, "a@example.com"), 250);
  EXPECT_EQ(sender(own, "a@EXAMPLE.com"), 250);
  EXPECT_EQ(sender(own,
                   "a@b\xc3\xbc"
                   "cher.example"),
            250)
      << "as a U-label";
  EXPECT_EQ(sender(own, "a@xn--bcher-kva.example"), 250);
  EXPECT_EQ(sender(own, "a@www.example.com"), 553);
  EXPECT_EQ(sender(own, "a@evilexample.com"), 553);
  EXPECT_EQ(sender(own, "a@example.com.evil.net"), 553);
  EXPECT_EQ(sender(own, "a@www.example.org"), 250);
  EXPECT_EQ(sender(own, "a@a.b.example.org"), 250);
  EXPECT_EQ(sender(own, "a@example.org"), 553);
  EXPECT_EQ(sender(own, "a@evilexample.org"), 553);
  EXPECT_EQ(sender(own, "\"a@example.com\"@evil.net"), 553);
  EXPECT_EQ(sender(own, "a@[192.0.2.1]"), 553);
  EXPECT_EQ(sender(std::nullopt, "a@anything.example"), 250);
  EXPECT_EQ(sender(DomainPatterns{}, "a@example.com"), 553);
  EXPECT_FALSE(refuse_sender(DomainPatterns{}, std::nullopt)) << "the null reverse-path";
}

std::string stranger(std::string_view address) {
  const std::vector<Inbound> inbound{{{"our.example", "xn--bcher-kva.example"}, {"abuse", "info"}},
                                     {{"all.example"}, {"*"}}};
  const auto refused = refuse_stranger(inbound, mailbox(address));
  return refused ? std::to_string(refused->code) + " " + refused->enhanced->text() : "taken";
}

TEST(Permissions, let_strangers_reach_the_mailboxes_of_our_domains) {
  for (const char* address :
       {"abuse@our.example", "Info@OUR.example", "postmaster@our.example", "POSTMASTER@all.example",
        "anybody@all.example", "\"a b\"@all.example",
        "info@b\xc3\xbc"
        "cher.example"})
    EXPECT_EQ(stranger(address), "taken") << address;
  for (const char* address : {"nobody@our.example", "infos@our.example", "abuse+x@our.example"})
    EXPECT_EQ(stranger(address), "550 5.1.1") << address;
}

TEST(Permissions, relay_for_no_stranger_by_any_form_of_address) {
  for (const char* address :
       {"ann@remote.example", "postmaster@remote.example", "abuse@sub.our.example",
        "abuse@evilour.example", "ann%remote.example@all.example", "remote.example!ann@all.example",
        "\"ann@remote.example\"@all.example", "abuse@[127.0.0.1]",
        "abuse@our.example.remote.example",
        "abuse@our\xe3\x80\x82"
        "example.remote.example"})
    EXPECT_EQ(stranger(address), "550 5.7.1") << address;
}

TEST(Permissions, know_a_domain_that_no_script_has) {
  EXPECT_FALSE(refuse_unknown_script(mailbox("a@b\xc3\xbc"
                                             "cher.example"),
                                     {5, 1, 3}));
  EXPECT_FALSE(refuse_unknown_script(mailbox("a@example.com"), {5, 1, 3}));
  EXPECT_TRUE(refuse_unknown_script(mailbox("a@\xf0\x9f\x98\x80\xef\xbf\xbd.example"), {5, 1, 3}));
  EXPECT_TRUE(refuse_unknown_script(mailbox("a@\xef\xbc\x91.2.3.4"), {5, 1, 3}))
      << "an IP address in disguise";
}

}  // namespace
}  // namespace waypost::submission
