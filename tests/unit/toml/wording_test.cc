#include "toml/wording.h"

#include <gtest/gtest.h>

namespace waypost::toml {
namespace {

TEST(Closest, finds_what_was_meant_and_nothing_else) {
  static constexpr std::string_view names[] = {
      "connections_max", "recipients_max", "session_idle", "retry_first", "tls", "warning"};
  struct Case {
    std::string_view written;
    std::optional<std::string> meant;
  };
  for (const Case& c : std::vector<Case>{{"max_connections", "connections_max"},
                                         {"max_conections", "connections_max"},
                                         {"recipient_max", "recipients_max"},
                                         {"Session-Idle", "session_idle"},
                                         {"retry_fisrt", "retry_first"},
                                         {"tsl", "tls"},
                                         {"warn", "warning"},
                                         {"colour", std::nullopt},
                                         {"x", std::nullopt},
                                         {"", std::nullopt},
                                         {std::string_view(), std::nullopt}})
    EXPECT_EQ(closest(c.written, names), c.meant) << c.written;
}

TEST(Closest, does_no_work_for_a_giant_name) {
  static constexpr std::string_view names[] = {"tls"};
  EXPECT_EQ(closest(std::string(1'000'000, 't'), names), std::nullopt);
}

TEST(InBackquotes, is_short_and_has_no_control_characters) {
  EXPECT_EQ(in_backquotes("a\nb"), "`a\\x0ab`");
  EXPECT_EQ(in_backquotes(std::string(200, 'x')), "`" + std::string(60, 'x') + "...`");
  EXPECT_EQ(in_backquotes(std::string(59, 'x') + "éé"), "`" + std::string(59, 'x') + "...`");
}

TEST(AsToml, escapes_what_toml_does_not_take) {
  EXPECT_EQ(as_toml("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
}

}  // namespace
}  // namespace waypost::toml
