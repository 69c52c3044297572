#include "cli/top_frame.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "cli/providers_command.h"
#include "cli/terminal.h"

namespace waypost::cli {
namespace {

using namespace std::chrono_literals;

const WallTime noon = *base::parse_rfc3339("2026-11-21T12:00:00Z");

TopView sample() {
  TopView view;
  view.now = noon;
  view.relay_runs = true;
  view.relay.messages = 7;
  view.relay.queued = 9;
  view.relay.memory = 52'000'000;
  SiteState site;
  site.name = "mx.example.net";
  site.queued = 9;
  site.attempts = 2;
  site.connections_max = 20;
  site.measure = "slow";
  site.hold = "site_shut";
  site.reason = "mx.example.net wants less mail at a time";
  site.next_attempt_at = noon + 40s;
  view.relay.sites = {site};
  Problem problem;
  problem.at = noon - 5s;
  problem.what = "deferred";
  problem.recipient = "ann@example.net";
  problem.site = "mx.example.net";
  problem.reply = "451 4.7.1 Greylisted";
  problem.reply_class = "greylisted";
  problem.rule = "postfix.postgrey";
  problem.remedy = "nothing: it is tried again";
  view.problems = {problem};
  return view;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(TopFrame, shows_sites_and_problems_with_their_reasons) {
  const std::string text = joined(render_top(sample(), 120, 40, false));
  EXPECT_NE(text.find("7 messages, 9 recipients"), std::string::npos) << text;
  EXPECT_NE(text.find("in 40.0 s, site_shut: mx.example.net wants less"), std::string::npos)
      << text;
  EXPECT_NE(text.find("11:59:55 deferred  ann@example.net at mx.example.net: 451 4.7.1"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("greylisted: nothing: it is tried again"), std::string::npos) << text;
  EXPECT_NE(text.find("waypost explain postfix.postgrey"), std::string::npos) << text;
}

TEST(TopFrame, fits_every_size_of_a_terminal) {
  TopView view = sample();
  for (int i = 0; i < 30; ++i) {
    view.relay.sites.push_back(view.relay.sites[0]);
    view.problems.push_back(view.problems[0]);
  }
  for (size_t rows : {0, 1, 2, 3, 5, 8, 13, 24, 60})
    for (size_t columns : {0, 1, 2, 10, 40, 80, 200}) {
      std::vector<std::string> lines = render_top(view, columns, rows, false);
      EXPECT_LE(lines.size(), rows);
      for (const std::string& line : lines) {
        auto begins = [](char c) { return (uint8_t(c) & 0xc0) != 0x80; };
        EXPECT_LE(size_t(std::count_if(line.begin(), line.end(), begins)), columns);
      }
    }
}

TEST(TopFrame, what_a_server_says_cannot_reach_the_terminal) {
  TopView view = sample();
  view.problems[0].reply =
      "451 \x1b]0;owned\x07 \xc2\x9b"
      "2J \r\n\x7f \xff";
  view.problems[0].recipient = "a\x1b[31m@example.net";
  view.relay.sites[0].reason = "\x1b[2J";
  view.relay.sites[0].name = "\xc2\x85mx";
  for (bool color : {false, true}) {
    std::string text = joined(render_top(view, 200, 40, color));
    EXPECT_EQ(text.find("\x1b]"), std::string::npos);
    EXPECT_EQ(text.find("\x1b[2J"), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
    EXPECT_EQ(text.find("\xc2\x85"), std::string::npos);
    EXPECT_EQ(text.find('\r'), std::string::npos);
    EXPECT_EQ(text.find('\x7f'), std::string::npos);
  }
}

TEST(TopFrame, a_line_is_cut_between_characters) {
  EXPECT_EQ(in_columns("häßlich", 4), "häß…");
  EXPECT_EQ(in_columns("häß", 5), "häß  ");
  EXPECT_EQ(in_columns("häß", 3), "häß");
  EXPECT_EQ(in_columns("ab", 1), "…");
  EXPECT_EQ(in_columns("ab", 0), "");
}

TEST(TopFrame, rates_are_of_one_run_of_the_relay) {
  TopView view = sample();
  RelayState before = view.relay;
  view.relay.accepted = 30;
  view.relay.delivered = 10;
  set_rates(before, 2s, view);
  EXPECT_DOUBLE_EQ(view.accepted_per_second, 15);
  EXPECT_DOUBLE_EQ(view.delivered_per_second, 5);
  before.accepted = 1000;  // it was started anew since
  set_rates(before, 2s, view);
  EXPECT_DOUBLE_EQ(view.accepted_per_second, 0);
  set_rates(before, 0s, view);
  EXPECT_DOUBLE_EQ(view.accepted_per_second, 0);
}

TEST(SiteLines, are_read_and_sorted_by_trouble) {
  RelayState state;
  for (const char* line : {R"({"site":"calm","queued":900,"measure":"open"})",
                           R"({"site":"shut","queued":1,"measure":"stop","holds":{"site_shut":1}})",
                           R"({"site":"slow","queued":2,"measure":"slow","per_second":0.5})",
                           R"({"site":"later","queued":3,"measure":"open","hold":"deferred"})"}) {
    auto last = take_site_line(line, state);
    ASSERT_TRUE(last) << last.error().describe();
    EXPECT_FALSE(*last);
  }
  EXPECT_TRUE(*take_site_line(R"({"end":true,"queued":906,"disk_free":17})", state));
  EXPECT_EQ(state.queued, 906u);
  EXPECT_EQ(state.sites[1].count_of("site_shut"), 1u);
  EXPECT_DOUBLE_EQ(state.sites[2].per_second, 0.5);
  sort_by_trouble(state.sites);
  std::vector<std::string> names;
  for (const SiteState& site : state.sites) names.push_back(site.name);
  EXPECT_EQ(names, (std::vector<std::string>{"shut", "slow", "later", "calm"}));
  EXPECT_FALSE(take_site_line("nonsense", state));
  EXPECT_FALSE(take_site_line(R"({"error":"no"})", state));
}

}  // namespace
}  // namespace waypost::cli
