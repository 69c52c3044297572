#include "records/search.h"

#include <filesystem>

#include <fmt/format.h>

#include "tests/unit/records/records_fixture.h"

namespace waypost::records {
namespace {

using events::EventKind;
using testing::ElementsAre;

class SearchTest : public RecordsTest {
 protected:
  // A message to two recipients, of which one is delivered and one deferred.
  events::Event write_message(int number, WallTime at) {
    events::Event accepted =
        accepted_of(number, at, {fmt::format("ann{}@example.net", number), "bob@Example.ORG"});
    log(accepted);
    log(outcome_of(accepted, EventKind::delivered, accepted.recipients[0]));
    log(outcome_of(accepted, EventKind::deferred, "bob@Example.ORG"));
    return accepted;
  }
  size_t messages(const Search& wanted) { return find(wanted).messages.size(); }
};

// Where it stands makes no difference to what is found.
enum class Where { in_records, in_log, in_both };

class SearchEverywhere : public SearchTest, public testing::WithParamInterface<Where> {
 protected:
  void write_all() {
    events::Event first = accepted_of(1, day_one + 1h, {"ann1@example.net", "bob@Example.ORG"});
    log(first);
    if (GetParam() == Where::in_both) feed_all();
    log(outcome_of(first, EventKind::delivered, "ann1@example.net"));
    log(outcome_of(first, EventKind::deferred, "bob@Example.ORG"));
    write_message(12, day_one + 25h);
    events::Event refusal;
    refusal.kind = EventKind::rejected;
    refusal.at = day_one + 2h;
    refusal.sender = "stranger@evil.example";
    refusal.session = "s9";
    refusal.reply = "530 5.7.0 Authentication required";
    log(refusal);
    if (GetParam() == Where::in_records) feed_all();
  }
};

TEST_P(SearchEverywhere, finds_by_each_key) {
  write_all();
  auto whole = ElementsAre("accepted", "delivered", "deferred");
  EXPECT_THAT(kinds({.message = id_of(1, day_one + 1h)}), whole);
  EXPECT_THAT(kinds({.message_id = "<m12@example.com>"}), whole);
  EXPECT_THAT(kinds({.session = "s1"}), whole);
  EXPECT_THAT(kinds({.address = "ANN12@example.net"}), ElementsAre("accepted", "delivered"));
  EXPECT_THAT(kinds({.address = "stranger@evil.example"}), ElementsAre("rejected"));
  EXPECT_THAT(kinds({.session = "s9"}), ElementsAre("rejected"));
  EXPECT_EQ(messages({.address = "app@example.com"}), 2u);
  EXPECT_EQ(messages({.domain = "EXAMPLE.org"}), 2u);
  EXPECT_EQ(messages({.reply_class = "mailbox-full"}), 2u);
  EXPECT_EQ(messages({.host = "mx.example.net"}), 2u);
  EXPECT_EQ(messages({.address_prefix = "ANN"}), 2u);
  EXPECT_EQ(messages({.address_prefix = "ann12@"}), 1u);
  EXPECT_EQ(messages({.address_prefix = "nn1"}), 0u);
  EXPECT_EQ(messages({.state = "delivered"}), 2u);
  EXPECT_EQ(messages({.state = "queued", .since = day_one + 24h}), 1u);
  EXPECT_EQ(messages({.address_prefix = "bob", .state = "queued"}), 2u);
  EXPECT_EQ(messages({.state = "bounced"}), 0u);
  EXPECT_EQ(messages({.domain = "example.org", .since = day_one + 24h}), 1u);
  EXPECT_EQ(messages({.until = day_one + 24h}), 2u);
  EXPECT_EQ(messages({}), 3u);
}

TEST_P(SearchEverywhere, finds_by_what_the_sender_made_it) {
  const auto write = [&](int number, const std::string& sender, const std::string& subject,
                         std::vector<std::string> tags) {
    events::Event accepted = accepted_of(number, day_one + 1h, {"ann@example.net"});
    accepted.sender = sender;
    accepted.subject = subject;
    accepted.tags = std::move(tags);
    log(accepted);
    if (GetParam() == Where::in_both) feed_all();
    log(outcome_of(accepted, EventKind::delivered, "ann@example.net"));
  };
  write(1, "App@Shop.Example", "Ihre Rechnung 1042: GRÖSSE XL", {"kind=invoice", "lang=de"});
  write(2, "news@shop.example", "Rechnungen, weekly", {"kind=news"});
  write(3, "\"a@b\"@blog.example", "", {});
  write(4, "", "Undelivered: Ihre Rechnung", {});
  if (GetParam() == Where::in_records) feed_all();
  EXPECT_EQ(messages({.sender = "app@shop.example"}), 1u);
  EXPECT_EQ(messages({.sender = "shop.example"}), 0u);
  EXPECT_EQ(messages({.sender = "ann@example.net"}), 0u);
  EXPECT_EQ(messages({.sender_domain = "SHOP.example"}), 2u);
  EXPECT_EQ(messages({.sender_domain = "blog.example"}), 1u);
  EXPECT_EQ(messages({.sender_domain = "op.example"}), 0u);
  EXPECT_EQ(messages({.tag = "kind"}), 2u);
  EXPECT_EQ(messages({.tag = "kind=invoice"}), 1u);
  EXPECT_EQ(messages({.tag = "kind=inv"}), 0u);
  EXPECT_EQ(messages({.tag = "kin"}), 0u);
  EXPECT_EQ(messages({.subject = "rechnung"}), 3u);
  EXPECT_EQ(messages({.subject = "rechnungen"}), 1u);
  EXPECT_EQ(messages({.subject = "grösse 104"}), 1u);
  EXPECT_EQ(messages({.subject = "\"IHRE\" OR rechnung*"}), 0u);
  EXPECT_EQ(messages({.subject = "rechnungen ihre"}), 0u);
  EXPECT_EQ(messages({.subject = "chnung"}), 0u);
  EXPECT_EQ(messages({.sender_domain = "shop.example", .tag = "lang", .subject = "ihre"}), 1u);
  EXPECT_EQ(messages({.tag = "kind=news", .subject = "ihre"}), 0u);
}

TEST_P(SearchEverywhere, finds_nothing_by_what_is_nowhere) {
  write_all();
  EXPECT_EQ(messages({.message = id_of(99, day_one + 1h)}), 0u);
  EXPECT_EQ(messages({.address = "nobody@example.net"}), 0u);
  EXPECT_EQ(messages({.message_id = "<m12@example.com"}), 0u);
  EXPECT_EQ(messages({.session = "s1", .domain = "elsewhere.example"}), 0u);
  EXPECT_EQ(messages({.since = day_one + 26h}), 0u);
}

TEST_P(SearchEverywhere, gives_the_newest_and_says_that_there_are_more) {
  write_all();
  Search wanted{.address = "app@example.com", .messages_max = 1};
  Found found = find(wanted);
  ASSERT_EQ(found.messages.size(), 1u);
  EXPECT_EQ(found.messages[0].id, id_of(12, day_one + 25h));
  EXPECT_EQ(found.messages[0].events.size(), 3u);
  EXPECT_TRUE(found.has_more);
  wanted.messages_max = 2;
  EXPECT_FALSE(find(wanted).has_more);
}

TEST_P(SearchEverywhere, finds_what_bounced_later_among_what_bounced) {
  const events::Event accepted = accepted_of(1, day_one, {"ann@example.net", "bob@example.org"});
  const events::Event other = accepted_of(2, day_one, {"cat@example.net"});
  for (const events::Event& each : {accepted, other}) log(each);
  log(outcome_of(accepted, EventKind::delivered, "ann@example.net"));
  log(outcome_of(accepted, EventKind::delivered, "bob@example.org"));
  if (GetParam() == Where::in_both) feed_all();
  log(outcome_of(accepted, EventKind::late_bounced, "ann@example.net"));
  // Whoever still waits is tried again, whatever came back.
  log(outcome_of(other, EventKind::late_bounced, "cat@example.net"));
  if (GetParam() == Where::in_records) feed_all();
  EXPECT_EQ(messages({.address = "ann@example.net", .state = "bounced"}), 1u);
  EXPECT_EQ(messages({.state = "delivered"}), 1u);
  feed_all();
  EXPECT_EQ(messages({.state = "bounced"}), 1u);
  EXPECT_EQ(messages({.state = "delivered"}), 1u);
  EXPECT_EQ(messages({.state = "queued"}), 1u);
  const auto recipients = find({.message = accepted.message, .detail = Detail::summary});
  ASSERT_EQ(recipients.messages.size(), 1u);
  EXPECT_EQ(recipients.messages[0].recipients[0].state, "bounced");
  EXPECT_EQ(recipients.messages[0].recipients[1].state, "delivered");
  EXPECT_EQ(total().queued, 1u);
}

TEST_P(SearchEverywhere, asks_all_of_one_event) {
  const auto tell = [&](const events::Event& accepted, EventKind kind,
                        const std::string& reply_class, const std::string& site, WallTime at) {
    events::Event event = outcome_of(accepted, kind, accepted.recipients[0]);
    event.cause.reply_class = reply_class;
    event.site = site;
    event.at = at;
    log(event);
  };
  const events::Event first = accepted_of(1, day_one, {"ann@example.net"});
  const events::Event second = accepted_of(2, day_one, {"bob@example.net"});
  const events::Event third = accepted_of(3, day_one, {"cat@example.net"});
  for (const events::Event& each : {first, second, third}) log(each);
  if (GetParam() == Where::in_both) feed_all();
  tell(first, EventKind::deferred, "rate-limited", "google", day_one + 1min);
  tell(first, EventKind::bounced, "recipient-unknown", "google", day_one + 2min);
  tell(second, EventKind::deferred, "recipient-unknown", "google", day_one + 1min);
  tell(second, EventKind::bounced, "rate-limited", "yahoo", day_one + 2min);
  tell(third, EventKind::expired, "no-mx", "", day_one + 3min);
  if (GetParam() == Where::in_records) feed_all();
  EXPECT_EQ(messages({.reply_class = "recipient-unknown"}), 2u);
  EXPECT_EQ(messages({.reply_class = "recipient-unknown", .kinds = {"bounced"}}), 1u);
  EXPECT_EQ(messages({.reply_class = "rate-limited", .site = "google"}), 1u);
  EXPECT_EQ(messages({.site = "google"}), 2u);
  EXPECT_EQ(messages({.kinds = {"bounced", "expired"}, .site = "google"}), 1u);
  EXPECT_EQ(messages({.kinds = {"bounced", "expired"}, .site = std::string(no_site)}), 1u);
  EXPECT_EQ(messages({.site = "google", .happened_since = day_one + 2min}), 1u);
  EXPECT_EQ(messages({.states = {"bounced", "expired"}}), 3u);
  EXPECT_EQ(messages({.states = {"expired", "delivered"}}), 1u);
}

TEST_P(SearchEverywhere, tells_what_was_sent_from_notices_and_what_came_in) {
  const events::Event sent = accepted_of(1, day_one, {"ann@example.net"});
  events::Event notice = accepted_of(2, day_one, {"app@example.com"});
  notice.sender.clear();
  events::Event inbound = accepted_of(3, day_one, {"us@example.com"});
  inbound.inbound = true;
  for (const events::Event& each : {sent, notice, inbound}) log(each);
  if (GetParam() == Where::in_both) feed_all();
  for (const events::Event& each : {sent, notice, inbound}) {
    events::Event end = outcome_of(each, EventKind::delivered, each.recipients[0]);
    end.inbound = each.inbound;
    log(end);
  }
  log(outcome_of(sent, EventKind::complained, "ann@example.net"));
  if (GetParam() == Where::in_records) feed_all();
  const auto only = [&](const Search& wanted, const events::Event& one) {
    const Found found = find(wanted);
    return found.messages.size() == 1 && found.messages[0].id == one.message;
  };
  EXPECT_TRUE(only({.direction = "sent"}, sent));
  EXPECT_TRUE(only({.direction = "notice"}, notice));
  EXPECT_TRUE(only({.direction = "inbound"}, inbound));
  EXPECT_TRUE(only({.kinds = {"delivered"}, .direction = "inbound"}, inbound));
  EXPECT_TRUE(only({.came_back = "complained"}, sent));
  EXPECT_EQ(messages({.came_back = "unsubscribed"}), 0u);
}

INSTANTIATE_TEST_SUITE_P(Places, SearchEverywhere,
                         testing::Values(Where::in_records, Where::in_log, Where::in_both));

TEST_F(SearchTest, adds_what_the_log_holds_beyond_the_records_once) {
  events::Event accepted = write_message(1, day_one);
  feed_all();
  log(outcome_of(accepted, EventKind::bounced, "bob@Example.ORG"));
  Search wanted{.message = accepted.message};
  EXPECT_THAT(kinds(wanted), ElementsAre("accepted", "delivered", "deferred", "bounced"));
  feed_all();
  EXPECT_THAT(kinds(wanted), ElementsAre("accepted", "delivered", "deferred", "bounced"));
}

TEST_F(SearchTest, finds_by_a_class_that_only_the_log_knows_yet_with_what_came_before) {
  events::Event accepted = accepted_of(1, day_one, {"ann@example.net"});
  log(accepted);
  feed_all();
  events::Event bounce = outcome_of(accepted, EventKind::bounced, "ann@example.net");
  bounce.cause.reply_class = "unknown-user";
  log(bounce);
  EXPECT_THAT(kinds({.reply_class = "unknown-user"}), ElementsAre("accepted", "bounced"));
}

TEST_F(SearchTest, takes_mail_for_gone_of_which_only_a_late_bounce_is_known) {
  const events::Event accepted = accepted_of(1, day_one, {"ann@example.net"});
  log(outcome_of(accepted, EventKind::late_bounced, "ann@example.net"));
  feed_all();
  EXPECT_EQ(messages({.state = "bounced"}), 1u);
  EXPECT_EQ(total().queued, 0u);
}

TEST_F(SearchTest, shows_no_change_of_a_port_as_a_message) {
  events::Event switched;
  switched.kind = EventKind::port_switched;
  switched.at = day_one + 1h;
  switched.reply = "connection refused";
  log(switched);
  EXPECT_EQ(messages({.since = day_one}), 0u);
}

TEST_F(SearchTest, shows_the_newest_of_very_many_events_and_the_first) {
  events::Event accepted = accepted_of(1, day_one, {"ann@example.net"});
  log(accepted);
  for (int i = 0; i < 10'050; ++i)
    log(outcome_of(accepted, EventKind::deferred, "ann@example.net"));
  log(outcome_of(accepted, EventKind::bounced, "ann@example.net"));
  feed_all();
  const std::vector<std::string> all = kinds({.message = accepted.message});
  ASSERT_EQ(all.size(), 10'001u);
  EXPECT_EQ(all.front(), "accepted");
  EXPECT_EQ(all.back(), "bounced");
}

TEST_F(SearchTest, takes_hostile_text_for_what_it_is) {
  std::string injection = "x' OR 1=1; DROP TABLE messages; --@example.net";
  std::string odd = "\xff\xfe\"%_\\n@example.net";
  events::Event accepted = accepted_of(1, day_one, {injection, odd});
  accepted.message_id = "<' OR ''='>";
  accepted.session = std::string("s\0x", 3);
  log(accepted);
  write_message(2, day_one);
  feed_all();
  EXPECT_EQ(messages({.address = injection}), 1u);
  EXPECT_EQ(messages({.message_id = "<' OR ''='>"}), 1u);
  EXPECT_EQ(messages({.message_id = "' OR ''='"}), 0u);
  EXPECT_EQ(messages({.session = std::string("s\0x", 3)}), 1u);
  EXPECT_EQ(messages({.session = std::string("s\0y", 3)}), 0u);
  EXPECT_EQ(messages({.address = "%@example.net"}), 0u);
  EXPECT_EQ(messages({.domain = "' OR 1=1 --"}), 0u);
  EXPECT_EQ(total().queued, 3u);
}

TEST_F(SearchTest, says_which_file_cannot_be_read_and_shows_the_others) {
  write_message(1, day_one);
  write_message(2, day_one + 24h);
  feed_all();
  std::string path = day_path(places_.folder, day_of(day_one), day_file_suffix);
  std::filesystem::remove(path + "-wal");
  std::ofstream(path, std::ios::trunc) << std::string(8192, 'x');
  Found found = find({.address = "app@example.com"});
  EXPECT_FALSE(found.messages.empty());
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_NE(found.problems[0].find("2026-11-21 cannot be read"), std::string::npos)
      << found.problems[0];
}

TEST_F(SearchTest, reads_files_of_a_folder_that_may_not_be_written_to) {
  write_message(1, day_one);
  feed_all();
  namespace fs = std::filesystem;
  fs::permissions(places_.folder, fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(messages({.address = "app@example.com"}), 1u);
  fs::permissions(places_.folder, fs::perms::owner_all);
}

TEST_F(SearchTest, reads_while_the_writer_is_in_the_middle_of_a_batch) {
  write_message(1, day_one);
  feed_all();
  auto file = *DayFile::open(places_.folder, day_of(day_one));
  events::Event more = accepted_of(2, day_one, {"cat@example.net"});
  ASSERT_TRUE(file->begin());
  ASSERT_TRUE(file->add(more, events::to_json_line(more)));
  EXPECT_EQ(messages({.address = "app@example.com"}), 1u);
}

TEST_F(SearchTest, knows_of_events_that_were_never_written) {
  writer_->add(EventGap{17, day_one, day_one + 1s});
  write_message(1, day_one);
  EXPECT_EQ(find({}).lost_events, 17u);
  feed_all();
  EXPECT_EQ(find({}).lost_events, 17u);
}

}  // namespace
}  // namespace waypost::records
