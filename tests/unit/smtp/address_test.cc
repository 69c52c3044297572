#include "smtp/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

using testing::HasSubstr;

TEST(Mailbox, reads_and_prints_what_rfc_5321_allows) {
  struct Row {
    const char* text;
    const char* local_part;
    const char* domain;
    const char* printed;
  };
  const Row rows[] = {
      {"a@b", "a", "b", "a@b"},
      {"Fred.Bloggs@Example.COM", "Fred.Bloggs", "example.com", "Fred.Bloggs@example.com"},
      {"a+tag/x=y!#$%&'*?^_`{|}~-@b.example", "a+tag/x=y!#$%&'*?^_`{|}~-", "b.example",
       "a+tag/x=y!#$%&'*?^_`{|}~-@b.example"},
      {"\"a b\"@c.example", "a b", "c.example", "\"a b\"@c.example"},
      {"\"a\\\"b\\\\c\"@d.example", "a\"b\\c", "d.example", "\"a\\\"b\\\\c\"@d.example"},
      {"\"plain\"@d.example", "plain", "d.example", "plain@d.example"},
      {"\"a@b>c\"@d.example", "a@b>c", "d.example", "\"a@b>c\"@d.example"},
      {"\"\"@d.example", "", "d.example", "\"\"@d.example"},
      {"\".a\"@d.example", ".a", "d.example", "\".a\"@d.example"},
      {"a@[192.0.2.1]", "a", "[192.0.2.1]", "a@[192.0.2.1]"},
      {"a@[IPv6:2001:DB8:0::1]", "a", "[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"},
      {"a@[ipv6:::1]", "a", "[IPv6:::1]", "a@[IPv6:::1]"},
      {"a@xn--bcher-kva.example", "a", "xn--bcher-kva.example", "a@xn--bcher-kva.example"},
      {"a@1.example", "a", "1.example", "a@1.example"},
  };
  for (const Row& row : rows) {
    const auto mailbox = parse_mailbox(row.text);
    ASSERT_TRUE(mailbox) << row.text << ": " << mailbox.error().message();
    EXPECT_EQ(mailbox->local_part, row.local_part) << row.text;
    EXPECT_EQ(mailbox->domain, row.domain) << row.text;
    EXPECT_EQ(mailbox->text(), row.printed) << row.text;
    EXPECT_EQ(parse_mailbox(mailbox->text()), *mailbox) << row.text;
  }
}

TEST(Mailbox, refuses_the_rest_and_says_why) {
  struct Row {
    std::string_view text;
    const char* why;
  };
  using namespace std::string_view_literals;
  const Row rows[] = {
      {"", "no local part"},
      {"a", "expected local-part@domain"},
      {"@b.example", "no local part"},
      {"a@", "domain is missing"},
      {".a@b.example", "dot at its start"},
      {"a.@b.example", "dot at its start"},
      {"a..b@b.example", "dot at its start"},
      {"a b@c.example", "expected local-part@domain"},
      {"\"a@b.example", "no closing quote"},
      {"\"a\\", "no closing quote"},
      {"\"a\"b@c.example", "expected local-part@domain"},
      {"a@b@c.example", "letters, digits"},
      {"a@b..example", "empty label"},
      {"a@b.example.", "empty label"},
      {"a@.b.example", "empty label"},
      {"a@-b.example", "hyphen"},
      {"a@b-.example", "hyphen"},
      {"a@b_c.example", "letters, digits"},
      {"a@192.0.2.1", "brackets"},
      {"a@[192.0.2.1", "no closing bracket"},
      {"a@[192.0.2.256]", "neither"},
      {"a@[2001:db8::1]", "neither"},
      {"a@[IPv6:192.0.2.1]", "neither"},
      {"a@[]", "neither"},
      {"a@[192.0.2.1]x", "behind the address"},
      {"a@b.example x", "behind the address"},
      {"a@b.example>", "behind the address"},
      {"a@b.example\r\nRCPT", "control"},
      {"a\0b@c.example"sv, "control"},
      {"a@b.example\0"sv, "control"},
      {"a@[192.0.2.1\0]"sv, "control"},
      {"\"a\x7f\"@c.example", "control"},
      {"j\xc3\xb6rg@c.example", "SMTPUTF8"},
      {"a@b\xc3\xbc.example", "SMTPUTF8"},
      {"a@example\xef\xbc\x8e"
       "com",
       "SMTPUTF8"},
  };
  for (const Row& row : rows) {
    const auto mailbox = parse_mailbox(row.text);
    ASSERT_FALSE(mailbox) << row.text;
    EXPECT_EQ(mailbox.error().code(), ErrorCode::invalid_input);
    EXPECT_THAT(mailbox.error().message(), HasSubstr(row.why)) << row.text;
  }
}

TEST(Mailbox, holds_the_sizes_of_rfc_5321) {
  const std::string label63(63, 'x');
  const std::string label64(64, 'x');
  EXPECT_TRUE(parse_mailbox(std::string(244, 'a') + "@b.example")) << "as long as the path may be";
  EXPECT_FALSE(parse_mailbox(std::string(245, 'a') + "@b.example"));
  EXPECT_TRUE(parse_domain(label63 + ".example"));
  EXPECT_FALSE(parse_domain(label64 + ".example"));
  const std::string domain255 = label63 + '.' + label63 + '.' + label63 + '.' + label63;
  EXPECT_EQ(domain255.size(), 255u);
  EXPECT_TRUE(parse_domain(domain255));
  EXPECT_FALSE(parse_domain(domain255.substr(0, 253) + ".ab"));
  const std::string domain252 = domain255.substr(3);
  EXPECT_TRUE(parse_mailbox("a@" + domain252));
  EXPECT_FALSE(parse_mailbox("ab@" + domain252 + "x"));
}

TEST(Path, ends_at_its_bracket) {
  const auto path = take_path("<\"a>b\"@c.example> SIZE=1");
  ASSERT_TRUE(path);
  EXPECT_EQ(path->mailbox, (Mailbox{"a>b", "c.example"}));
  EXPECT_EQ(path->rest, " SIZE=1");
}

TEST(Path, knows_the_null_path_and_postmaster) {
  EXPECT_EQ(take_path("<>")->mailbox, std::nullopt);
  EXPECT_EQ(take_path("<PostMaster>")->mailbox, (Mailbox{"postmaster", ""}));
  EXPECT_EQ(take_path("<postmaster@b.example>")->mailbox, (Mailbox{"postmaster", "b.example"}));
  EXPECT_FALSE(take_path("<postmasters>"));
  EXPECT_EQ((Mailbox{"postmaster", ""}).text(), "postmaster");
}

TEST(Path, drops_a_source_route) {
  const Mailbox user{"u", "c.example"};
  EXPECT_EQ(take_path("<@a.example:u@c.example>")->mailbox, user);
  EXPECT_EQ(take_path("<@a.example,@[192.0.2.1]:u@c.example>")->mailbox, user);
  for (const char* text : {"<@a.example>", "<@a.example,u@c.example>", "<@a.example,@b.example>",
                           "<@:u@c.example>", "<@a.example:>", "<@a_b:u@c.example>", "<@"})
    EXPECT_FALSE(take_path(text)) << text;
}

TEST(Path, refuses_what_is_not_closed) {
  for (const char* text :
       {"", "<", "a@b.example", "<a@b.example", "<a@b.example x>", "< a@b.example>",
        "<a@b.example >", "<<a@b.example>", "<\"a@b.example>", "<a@[192.0.2.1>"})
    EXPECT_FALSE(take_path(text)) << text;
}

TEST(Address, may_be_utf8_where_that_is_allowed) {
  const std::string text =
      "\xe7\x94\xa8\xe6\x88\xb7.x@b\xc3\xbc"
      "cher.EXAMPLE";
  const auto mailbox = parse_mailbox(text, Characters::utf8);
  ASSERT_TRUE(mailbox) << mailbox.error().message();
  EXPECT_EQ(mailbox->domain,
            "b\xc3\xbc"
            "cher.example");
  EXPECT_EQ(mailbox->text(),
            "\xe7\x94\xa8\xe6\x88\xb7.x@b\xc3\xbc"
            "cher.example")
      << "not quoted";
  EXPECT_FALSE(mailbox->is_ascii());
  EXPECT_FALSE(parse_mailbox(text));
  EXPECT_TRUE(parse_mailbox("a@b.example", Characters::utf8)->is_ascii());
  EXPECT_EQ(parse_mailbox("\"\xc3\xb6 x\"@b", Characters::utf8)->text(), "\"\xc3\xb6 x\"@b");
}

TEST(Address, takes_no_utf8_that_hides_something) {
  for (const char* hidden :
       {"\xf6", "\xc0\xaf", "\xed\xa0\x80", "\xc2\x85", "\xd8\x9c", "\xe2\x80\x8e", "\xe2\x80\xa8",
        "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9"}) {
    EXPECT_FALSE(parse_mailbox("a" + std::string(hidden) + "@b.example", Characters::utf8));
    EXPECT_FALSE(parse_mailbox("a@b" + std::string(hidden) + ".example", Characters::utf8));
  }
  EXPECT_TRUE(parse_mailbox("a\xe2\x80\x90@b.example", Characters::utf8)) << "a hyphen";
}

TEST(Address, counts_the_characters_of_a_label) {
  std::string label;
  for (int i = 0; i < 63; ++i) label += "\xc3\xbc";
  EXPECT_TRUE(parse_domain(label + ".example", Characters::utf8));
  EXPECT_FALSE(parse_domain(label + "\xc3\xbc.example", Characters::utf8));
}

}  // namespace
}  // namespace waypost::smtp
