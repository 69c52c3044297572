#include "cli/queue_requests.h"

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/queue_options.h"

namespace waypost::cli {
namespace {

using queue::Act;
using queue::ScopeKind;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* id_text = "01a1fbc3-2917-7098-83e2-122067d2edf2";

// A command line, parsed but not run.
struct Parsed {
  explicit Parsed(const std::vector<std::string>& words) {
    add_queue_commands(app, line);
    std::vector<std::string> reversed(words.rbegin(), words.rend());
    app.parse(reversed);
  }
  CLI::App app;
  Global global;
  std::function<int()> command;
  QueueLine line{global, command, {}, {}};
};

TEST(QueueOptionsTest, select_by_ids_and_by_all_that_is_known_of_mail) {
  Parsed parsed({"queue", "cancel", id_text, "--recipient", "a@b.example", "--sender", "<>",
                 "--class", "mailbox-full", "--older-than", "2h", "--hold", "paused", "--reason",
                 "odd", "--dry-run"});
  EXPECT_TRUE(parsed.command);
  const QueueArguments& queue = parsed.line.queue;
  EXPECT_TRUE(queue.dry_run);
  EXPECT_FALSE(queue.all);
  auto selector = selector_of(queue);
  ASSERT_TRUE(selector) << selector.error().message();
  EXPECT_THAT(selector->ids, ElementsAre(*MessageId::parse(id_text)));
  EXPECT_EQ(selector->recipient, "a@b.example");
  EXPECT_EQ(selector->sender, "<>");
  EXPECT_EQ(selector->reply_class, "mailbox-full");
  EXPECT_EQ(selector->older_than, std::chrono::hours(2));
  EXPECT_EQ(selector->hold, queue::Hold::paused);
  EXPECT_EQ(queue.reason, "odd");
}

TEST(QueueOptionsTest, name_one_scope_of_a_pause) {
  Parsed parsed({"pause", "--sender-domain", "example.com", "--for", "1h", "--reason", "why"});
  auto scope = scope_of(parsed.line.pause);
  ASSERT_TRUE(scope && *scope);
  EXPECT_EQ(**scope, (queue::Scope{ScopeKind::sender_domain, "example.com"}));
  EXPECT_EQ(parsed.line.pause.lasts, "1h");
  EXPECT_FALSE(scope_of(Parsed({"pause", "--site", "a", "--all"}).line.pause));
  auto all = scope_of(Parsed({"resume", "--all"}).line.pause);
  ASSERT_TRUE(all && *all);
  EXPECT_EQ((*all)->kind, ScopeKind::everything);
  auto nothing = scope_of(Parsed({"pause"}).line.pause);
  EXPECT_TRUE(nothing && !*nothing);
}

TEST(QueueRequestTest, needs_a_selection_or_all) {
  QueueArguments arguments;
  auto nothing = act_request(Act::cancel, arguments);
  ASSERT_FALSE(nothing);
  EXPECT_THAT(nothing.error().message(), HasSubstr("--all"));
  arguments.all = true;
  EXPECT_EQ(act_request(Act::cancel, arguments).value_or(""),
            R"({"command":"queue.act","action":"cancel","selector":{"all":true},"reason":"",)"
            R"("dry_run":false})");
}

TEST(QueueRequestTest, says_a_time_in_utc_and_refuses_what_is_none) {
  QueueArguments arguments;
  arguments.all = true;
  arguments.at = "2026-11-21T10:00:00+01:00";
  EXPECT_THAT(act_request(Act::reschedule, arguments).value_or(""),
              HasSubstr(R"("action":"reschedule")"));
  EXPECT_THAT(act_request(Act::reschedule, arguments).value_or(""),
              HasSubstr(R"("at":"2026-11-21T09:00:00.000000Z")"));
  arguments.at = "tomorrow";
  auto refused = act_request(Act::reschedule, arguments);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("--at is no time such as 2026-11-21T09"));
}

TEST(QueueRequestTest, says_every_selector_in_the_words_of_the_relay) {
  QueueArguments arguments;
  arguments.ids = {id_text};
  arguments.recipient = "r";
  arguments.domain = "d";
  arguments.site = "s";
  arguments.sender = "f";
  arguments.login = "l";
  arguments.stream = "b";
  arguments.tenant = "t";
  arguments.reply_class = "c";
  arguments.older_than = "1m";
  arguments.newer_than = "1h";
  arguments.hold = "deferred";
  EXPECT_THAT(act_request(Act::hold, arguments).value_or(""),
              HasSubstr(std::string(R"("selector":{"ids":[")") + id_text +
                        R"("],"recipient":"r","domain":"d","site":"s","sender":"f","login":"l",)"
                        R"("stream":"b","tenant":"t","class":"c","older_than_s":60,)"
                        R"("newer_than_s":3600,"hold":"deferred"})"));
}

TEST(QueueRequestTest, refuses_ids_times_and_holds_that_are_none) {
  QueueArguments id, time, part, hold;
  id.ids = {"x"};
  time.older_than = "soon";
  part.newer_than = "1500ms";
  hold.hold = "stuck";
  for (const QueueArguments& wrong : {id, time, part, hold}) EXPECT_FALSE(selector_of(wrong));
}

TEST(QueueRequestTest, says_pauses_in_the_words_of_the_relay) {
  PauseArguments arguments;
  arguments.reason = "why";
  arguments.lasts = "90s";
  EXPECT_EQ(
      pause_request({ScopeKind::site, "mx"}, arguments, "ann").value_or(""),
      R"({"command":"pause","scope":"site","name":"mx","by":"ann","reason":"why","for_s":90})");
  EXPECT_EQ(resume_request({}), R"({"command":"resume","scope":"everything","name":""})");
}

}  // namespace
}  // namespace waypost::cli
