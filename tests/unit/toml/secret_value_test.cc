#include "toml/secret_value.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace waypost::toml {
namespace {

// What is left of a line.
std::string shown(std::string_view line) { return std::string(line.substr(0, secret_value(line))); }

TEST(SecretValue, hides_the_first_secret_and_all_behind_it) {
  struct Case {
    std::string_view line;
    std::string_view shown;
  };
  for (const Case& c : std::vector<Case>{
           {"password = \"x\"", "password = "},
           {"client_secret = 'x'", "client_secret = "},
           {"user = \"a#b\", password = \"x\"", "user = \"a#b\", password = "},
           {"user = \"a\\\"#b\", password = \"x\"", "user = \"a\\\"#b\", password = "},
           {"password_file = \"/p\", password = \"x\"", "password_file = \"/p\", password = "},
           {"password_file = \"x\", share = 0.5", "password_file = "},
           {"token = \"x\", password = \"y\"", "token = "},
           {"password = \"x # y", "password = "}})
    EXPECT_EQ(shown(c.line), c.shown) << c.line;
}

TEST(SecretValue, shows_what_is_none) {
  for (const char* line : {"hostname = \"mail.shop.example\"", "password_file = \"/etc/p\"",
                           "tls = \"none\" # password = x", "password", "password =", ""})
    EXPECT_EQ(shown(line), line);
}

}  // namespace
}  // namespace waypost::toml
