#include "seeds/seed_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::seeds {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ReadSeeds read(std::string text) { return read_seed_file({"seeds.toml", std::move(text)}); }

std::string first_problem(std::string text) {
  const toml::Source source{"seeds.toml", std::move(text)};
  const ReadSeeds found = read_seed_file(source);
  if (found.diagnostics.empty()) return {};
  return toml::render(found.diagnostics.front(), {&source, 1}, false);
}

TEST(SeedFileTest, takes_the_least_that_is_needed) {
  const ReadSeeds found = read(R"([[seed]]
address = "ann@example.com"
host = "imap.example.com"
password_file = "/etc/waypost/ann.secret"
)");
  EXPECT_THAT(found.diagnostics, IsEmpty());
  ASSERT_EQ(found.seeds.all.size(), 1u);
  const Seed& seed = found.seeds.all[0];
  EXPECT_EQ(seed.id, "ann@example.com");
  EXPECT_EQ(seed.user, "ann@example.com");
  EXPECT_EQ(seed.port, 993);
  EXPECT_FALSE(seed.erase);
  EXPECT_EQ(found.seeds.wait, std::chrono::minutes(2));
}

TEST(SeedFileTest, takes_all_that_there_is) {
  const ReadSeeds found = read(R"(wait = "5m"
slow_after = "30s"
[[seed]]
id = "office"
address = "ann@example.com"
host = "imap.example.com"
tls = "starttls"
user = "ann"
password_file = "ann.token"
mechanism = "xoauth2"
folders = ["Newsletters"]
authserv_id = "mx.example.com"
delete = true
[[seed]]
address = "bob@example.com"
host = "2001:db8::1"
port = 1993
password_file = "bob.secret"
)");
  EXPECT_THAT(found.diagnostics, IsEmpty());
  ASSERT_EQ(found.seeds.all.size(), 2u);
  EXPECT_EQ(found.seeds.all[0].port, 143);
  EXPECT_THAT(found.seeds.all[0].folders, ElementsAre("Newsletters"));
  EXPECT_EQ(found.seeds.all[0].mechanism, "xoauth2");
  EXPECT_TRUE(found.seeds.all[0].erase);
  EXPECT_EQ(found.seeds.all[1].port, 1993);
  EXPECT_EQ(found.seeds.slow_after, std::chrono::seconds(30));
}

TEST(SeedFileTest, refuses_a_password_in_the_file_without_showing_it) {
  for (const char* key : {"password", "token", "secret", "passwd"}) {
    const std::string problem =
        first_problem(std::string("[[seed]]\naddress = \"a@b.test\"\nhost = \"b.test\"\n") + key +
                      " = \"hunter2!\"\n");
    EXPECT_THAT(problem, HasSubstr("password_file")) << key;
    EXPECT_THAT(problem, Not(HasSubstr("hunter2"))) << key;
  }
}

TEST(SeedFileTest, says_what_is_wrong_and_what_to_write) {
  const std::string whole = "address = \"a@b.test\"\nhost = \"b.test\"\npassword_file = \"x\"\n";
  const std::pair<std::string, const char*> rows[] = {
      {"", "no mailbox is named"},
      {"wait = \"2d\"\n[[seed]]\n" + whole, "`wait` is a time"},
      {"wait = 5\n[[seed]]\n" + whole, "`wait` is a time"},
      {"wiat = \"5m\"\n[[seed]]\n" + whole, "`wait`"},
      {"[[seed]]\nhost = \"b.test\"\n", "needs `address`, `host` and `password_file`"},
      {"[[seed]]\n" + whole + "[[seed]]\n" + whole, "twice"},
      {"[[seed]]\n" + whole + "tls = \"none\"\n", "over TLS or not at all"},
      {"[[seed]]\n" + whole + "port = 70000\n", "1 to 65535"},
      {"[[seed]]\n" + whole + "mechanism = \"magic\"\n", "\"xoauth2\""},
      {"[[seed]]\n" + whole + "folders = [\"a\\r\\nb\"]\n", "names"},
      {"[[seed]]\n" + whole + "id = \"a\\u0007\"\n", "short name"},
      {"[[seed]]\naddress = \"a b@c\"\n", "`address`"},
      {"[[seed]]\nhost = \"evil.test/\"\n", "`host`"},
      {"[[seed]\n", "["},
  };
  for (const auto& [text, words] : rows) EXPECT_THAT(first_problem(text), HasSubstr(words)) << text;
  std::string many;
  for (size_t i = 0; i <= seeds_max; ++i)
    many += "[[seed]]\nid = \"" + std::to_string(i) + "\"\naddress = \"" + std::to_string(i) +
            "@b.test\"\nhost = \"b.test\"\npassword_file = \"x\"\n";
  EXPECT_THAT(first_problem(many), HasSubstr("at most 16"));
}

}  // namespace
}  // namespace waypost::seeds
