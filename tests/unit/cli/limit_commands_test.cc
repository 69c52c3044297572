#include "cli/limit_commands.h"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::cli {
namespace {

using testing::HasSubstr;

// A command line, parsed but not run.
struct Parsed {
  explicit Parsed(const std::vector<std::string>& words) {
    add_limit_commands(app, line);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
  }
  std::string request() const { return limit_request(line.limit, "ann").value_or("refused"); }
  CLI::App app;
  Global global;
  std::function<int()> command;
  LimitLine line{global, command};
};

TEST(LimitCommands, ask_for_all_that_can_be_limited) {
  EXPECT_EQ(Parsed({"limit", "google", "--connections", "2", "--connections-per-minute", "3",
                    "--messages-per-second", "0.5", "--messages-per-hour", "4",
                    "--messages-per-day", "5", "--for", "90s", "--reason", "their alarm"})
                .request(),
            R"({"command":"limit","site":"google","connections":2,"connections_per_minute":3,)"
            R"("messages_per_second":5E-1,"messages_per_hour":4,"messages_per_day":5,"by":"ann",)"
            R"("reason":"their alarm","for_s":90})");
}

TEST(LimitCommands, leave_the_time_to_the_relay_if_nobody_says_one) {
  EXPECT_EQ(Parsed({"limit", "google", "--connections", "2"}).request(),
            R"({"command":"limit","site":"google","connections":2,"by":"ann","reason":""})");
}

TEST(LimitCommands, take_no_time_without_end) {
  for (const char* lasts : {"8d", "500ms", "soon"})
    EXPECT_EQ(Parsed({"limit", "google", "--connections", "2", "--for", lasts}).request(),
              "refused")
        << lasts;
  EXPECT_THAT(Parsed({"limit", "google", "--connections", "2", "--for", "7d"}).request(),
              HasSubstr(R"("for_s":604800)"));
}

TEST(LimitCommands, take_no_number_that_limits_nothing_or_all) {
  for (const char* number : {"0", "-1", "10001", "much", "1.5", ""})
    EXPECT_THROW(Parsed({"limit", "google", "--connections", number}), CLI::ParseError) << number;
  EXPECT_THROW(Parsed({"limit", "google", "--messages-per-second", "0"}), CLI::ParseError);
  EXPECT_THROW(Parsed({"limit", ""}), CLI::ParseError);
  EXPECT_THROW(Parsed({"unlimit"}), CLI::ParseError);
}

TEST(LimitCommands, lift_it_by_its_site) {
  Parsed parsed({"unlimit", "google"});
  EXPECT_EQ(unlimit_request(parsed.line.limit.asked.site, "ann"),
            R"({"command":"unlimit","site":"google","by":"ann"})");
}

}  // namespace
}  // namespace waypost::cli
