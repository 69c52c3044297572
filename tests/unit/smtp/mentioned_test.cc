#include "smtp/mentioned.h"

#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

TEST(Mentioned, finds_addresses_in_words) {
  using Found = std::vector<std::string_view>;
  EXPECT_EQ(mentioned_addresses("550 5.1.1 <ann@a.example>: User unknown, see bob.b@b.example."),
            (Found{"ann@a.example", "bob.b@b.example"}));
  EXPECT_EQ(mentioned_addresses("(ann@a.example) 'eve@e.example' to=cy@c.example-"),
            (Found{"ann@a.example", "eve@e.example", "to=cy@c.example"}));
  EXPECT_EQ(mentioned_addresses("a@b@c"), (Found{"a@b"}));
  EXPECT_TRUE(mentioned_addresses("@ a@ @b .@. write @ home").empty());
  EXPECT_TRUE(mentioned_addresses("").empty());
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "a@b ";
  EXPECT_EQ(mentioned_addresses(many).size(), mentioned_addresses_max);
}

TEST(Mentioned, another_address_is_told_from_the_recipients_own) {
  const char* ann = "Ann@A.example";
  for (const char* own :
       {"550 5.1.1 User unknown", "550 5.1.1 <ann@a.example>: User unknown", "ann@A.EXAMPLE.",
        "ann@a.example:550", "No ann@a.example; write to postmaster@a.example",
        "Postf\xc3\xa4"
        "cher: \xe6\x97\xa5"
        "ann@a.example\xe6\x97\xa5"})
    EXPECT_FALSE(mentions_another(own, ann)) << own;
  for (const char* other :
       {"550 5.1.1 <member@b.example>: User unknown", "550 joann@a.example unknown",
        "550 ann@a.example.net unknown", "550 ann@mx.a.example unknown",
        "550 ann@a.example is forwarded to ann.private@b.example: unknown",
        "550 hello@brand.example: user unknown", "550 postmaster@b.example unknown"})
    EXPECT_TRUE(mentions_another(other, ann)) << other;
  EXPECT_FALSE(mentions_another("550 J\xc3\xb6rg@a.example unknown", "J\xc3\xb6rg@a.example"));
  EXPECT_TRUE(mentions_another("550 a@b.example", ""));
}

}  // namespace
}  // namespace waypost::smtp
