#include "intake/intake.h"

#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/recording_sink.h"
#include "tests/fakes/virtual_loop.h"
#include "tests/unit/intake/scripted_spool.h"

namespace waypost::intake {
namespace {

using events::EventKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

io::Task<void> nothing() { co_return; }

class IntakeTest : public testing::Test {
 protected:
  IntakeTest() { submitter_.client = {IpAddress::v4({192, 0, 2, 7}), 50122}; }

  Intake make(Limits limits = {}) {
    Services services{loop_, spool_, sink_, {}, {}, {}};
    services.accepted = [this](spool::Envelope envelope) { queued_.push_back(envelope); };
    services.keeps_up = [this] { return keeps_up_; };
    services.has_room = [this] {
      ++room_asked_;
      return has_room_;
    };
    services.storage_failed = [this](const Error& error) { failures_.push_back(error.message()); };
    return Intake(std::move(services), limits, "relay.example.net");
  }
  std::unique_ptr<Arrival> start(Intake& intake) {
    smtp::MailArguments mail;
    mail.sender = smtp::Mailbox{"me", "example.org"};
    mail.body = smtp::BodyType::eight_bit_mime;
    auto arrival = intake.start(submitter_, std::move(mail));
    EXPECT_FALSE(arrival->add_recipient({"you", "example.net"}));
    return arrival;
  }
  void add(Arrival& arrival, std::string content) {
    io::TaskGroup group;
    group.start(arrival.add(std::move(content)));
    loop_.settle();
    ASSERT_EQ(group.running(), 0u);
  }
  tl::expected<MessageId, smtp::Reply> finish(Arrival& arrival) {
    return loop_.run(arrival.finish());
  }
  std::string refusal_of(Arrival& arrival) {
    auto outcome = finish(arrival);
    return outcome ? "accepted" : outcome.error().text();
  }
  std::vector<EventKind> kinds() const {
    std::vector<EventKind> kinds;
    for (const events::Event& event : sink_.events) kinds.push_back(event.kind);
    return kinds;
  }

  fakes::VirtualLoop loop_;
  ScriptedSpool spool_;
  fakes::RecordingSink sink_;
  Submitter submitter_;
  std::vector<spool::Envelope> queued_;
  std::vector<std::string> failures_;
  bool has_room_ = true;
  bool keeps_up_ = true;
  int room_asked_ = 0;
};

const std::string small_message = "Subject: x\r\nDate: now\r\nMessage-ID: <a@b>\r\n\r\nHello\r\n";

TEST_F(IntakeTest, commits_a_small_message_in_one_step_with_our_field_on_top) {
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, small_message.substr(0, 10));
  add(*arrival, small_message.substr(10));
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  const std::string& stored = spool_.messages.at(*id);
  EXPECT_THAT(stored, StartsWith("Received: "));
  EXPECT_THAT(stored, HasSubstr("for <you@example.net>"));
  EXPECT_TRUE(stored.ends_with("\r\n" + small_message));
}

TEST_F(IntakeTest, tells_the_queue_and_the_world_once_it_is_stored) {
  submitter_.login = "shop";
  submitter_.tenant = "acme";
  submitter_.stream = "bulk";
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, small_message);
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  ASSERT_EQ(queued_.size(), 1u);
  const spool::Envelope& envelope = queued_[0];
  EXPECT_EQ(envelope.id, *id);
  EXPECT_EQ(envelope.message_id, "<a@b>");
  EXPECT_EQ(envelope.client, "192.0.2.7:50122");
  EXPECT_EQ(envelope.body, smtp::BodyType::eight_bit_mime);
  EXPECT_EQ(envelope.expires_at - envelope.accepted_at, std::chrono::days(5));
  EXPECT_EQ(envelope.login + envelope.tenant + envelope.stream, "shopacmebulk");
  ASSERT_THAT(kinds(), ElementsAre(EventKind::accepted));
  EXPECT_EQ(sink_.events[0].message, *id);
  EXPECT_EQ(sink_.events[0].sender, "me@example.org");
  EXPECT_THAT(sink_.events[0].recipients, ElementsAre("you@example.net"));
  EXPECT_EQ(sink_.events[0].message_id, "<a@b>");
}

TEST_F(IntakeTest, names_no_recipient_to_the_others) {
  Intake intake = make();
  auto arrival = start(intake);
  EXPECT_FALSE(arrival->add_recipient({"secret", "example.net"}));
  add(*arrival, small_message);
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  EXPECT_THAT(spool_.messages.at(*id), testing::Not(HasSubstr("secret")));
}

TEST_F(IntakeTest, refuses_an_address_literal_where_no_mail_may_go) {
  Limits limits;
  limits.forbidden_literals = {*IpPrefix::parse("127.0.0.0/8"), *IpPrefix::parse("::1")};
  Intake intake = make(limits);
  auto arrival = start(intake);
  for (const char* literal : {"[127.0.0.11]", "[IPv6:::1]"}) {
    auto refused = arrival->add_recipient({"zz", literal});
    ASSERT_TRUE(refused) << literal;
    EXPECT_THAT(refused->text(), StartsWith("550 5.1.2 "));
  }
  EXPECT_FALSE(arrival->add_recipient({"zz", "[192.0.2.7]"}));
  EXPECT_FALSE(arrival->add_recipient({"zz", "localhost"}));
}

TEST_F(IntakeTest, does_as_the_message_wishes_and_tells_nobody_of_it) {
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival,
      "X-Waypost-Expire-After: 10m\r\nSubject: x\r\nBcc: z@b.example\r\nX-Waypost-Stream:\r\n "
      "otp\r\nDate: now\r\nMessage-ID: <a@b>\r\n\r\nX-Waypost-Stream: of the body\r\n");
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  EXPECT_EQ(queued_[0].stream, "otp");
  EXPECT_TRUE(queued_[0].has_deadline);
  EXPECT_EQ(queued_[0].expires_at - queued_[0].accepted_at, std::chrono::minutes(10));
  EXPECT_EQ(sink_.events[0].stream, "otp");
  EXPECT_TRUE(spool_.messages.at(*id).ends_with(
      "\r\nSubject: x\r\nDate: now\r\nMessage-ID: <a@b>\r\n\r\nX-Waypost-Stream: of the body\r\n"));
}

TEST_F(IntakeTest, tells_tags_and_the_subject_where_it_may) {
  for (const bool tells : {true, false}) {
    Limits limits;
    limits.tells_subject = tells;
    Intake intake = make(limits);
    auto arrival = start(intake);
    add(*arrival,
        "X-Waypost-Tag: kind=invoice\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n\r\nx\r\n");
    ASSERT_TRUE(finish(*arrival));
    EXPECT_EQ(queued_.back().tags, std::vector<std::string>{"kind=invoice"});
    EXPECT_EQ(sink_.events.back().tags, std::vector<std::string>{"kind=invoice"});
    EXPECT_EQ(sink_.events.back().subject, tells ? "Gr\u00fc\u00dfe" : "");
  }
}

TEST_F(IntakeTest, gives_a_stream_its_own_deadline_and_a_message_a_shorter_one) {
  Limits limits;
  limits.stream_expires_after = {{"otp", std::chrono::minutes(10)}};
  submitter_.stream = "otp";
  Intake intake = make(limits);
  for (std::string wish : {"", "X-Waypost-Expire-After: 2m\r\n", "X-Waypost-Expire-After: 20d\r\n",
                           "X-Waypost-Stream: news\r\n"}) {
    auto arrival = start(intake);
    add(*arrival, wish + small_message);
    ASSERT_TRUE(finish(*arrival));
  }
  auto lives = [&](size_t i) { return queued_[i].expires_at - queued_[i].accepted_at; };
  EXPECT_EQ(lives(0), std::chrono::minutes(10));
  EXPECT_EQ(lives(1), std::chrono::minutes(2));
  EXPECT_EQ(lives(2), std::chrono::days(5)) << "nothing lives longer than all mail may";
  EXPECT_EQ(lives(3), std::chrono::days(5));
  EXPECT_TRUE(queued_[0].has_deadline && queued_[1].has_deadline);
  EXPECT_FALSE(queued_[3].has_deadline);
}

TEST_F(IntakeTest, refuses_a_wish_that_it_cannot_read) {
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, "X-Waypost-Expire-After: soon\r\n" + small_message);
  EXPECT_THAT(refusal_of(*arrival), StartsWith("554 5.6.0 X-Waypost-Expire-After"));
}

TEST_F(IntakeTest, does_nothing_for_the_wishes_of_strangers_but_passes_none_on) {
  submitter_.stranger = true;
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, "X-Waypost-Stream: otp\r\nX-Waypost-Expire-After: soon\r\n" + small_message);
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  EXPECT_EQ(queued_[0].stream, "default");
  EXPECT_FALSE(queued_[0].has_deadline);
  EXPECT_TRUE(spool_.messages.at(*id).ends_with("\r\n" + small_message));
}

TEST_F(IntakeTest, streams_a_large_message_in_full_chunks_and_stores_every_octet) {
  Intake intake = make();
  for (size_t size : {256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1024 * 1024, 1300000}) {
    auto arrival = start(intake);
    std::string content = "Subject: x\r\n\r\n";
    while (content.size() < size) content += std::to_string(content.size()) + "\r\n";
    content.resize(size);
    for (size_t at = 0; at < size; at += 50000) add(*arrival, content.substr(at, 50000));
    EXPECT_EQ(spool_.arriving.size(), size >= 256 * 1024 ? 1u : 0u);
    auto id = finish(*arrival);
    ASSERT_TRUE(id);
    EXPECT_TRUE(spool_.messages.at(*id).ends_with(content)) << size;
  }
  EXPECT_EQ(spool_.largest_chunk, spool::chunk_octets_max);
  EXPECT_THAT(spool_.discarded, IsEmpty());
}

TEST_F(IntakeTest, takes_a_message_of_exactly_the_limit_and_refuses_one_octet_more) {
  Intake intake = make({.message_octets_max = 300000});
  auto fits = start(intake);
  add(*fits, "\r\n" + std::string(299998, 'x'));
  EXPECT_TRUE(finish(*fits));

  auto too_large = start(intake);
  add(*too_large, "\r\n" + std::string(299998, 'x'));
  add(*too_large, "x");
  add(*too_large, std::string(1000000, 'x'));
  EXPECT_THAT(spool_.arriving, IsEmpty()) << "what was written must be given back at once";
  EXPECT_EQ(refusal_of(*too_large),
            "552 5.3.4 The message is too large: the limit is 300000 octets");
  EXPECT_EQ(spool_.messages.size(), 1u);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::accepted, EventKind::rejected));
}

TEST_F(IntakeTest, refuses_a_loop_before_it_writes_anything) {
  Intake intake = make();
  auto arrival = start(intake);
  std::string content;
  for (int i = 0; i < 200; ++i) content += "Received: from a by b; now\r\n";
  add(*arrival, content + "\r\n" + std::string(600000, 'x'));
  EXPECT_THAT(refusal_of(*arrival), StartsWith("554 5.4.6 "));
  EXPECT_EQ(spool_.largest_chunk, 0u);
  EXPECT_THAT(sink_.events.at(0).reply, StartsWith("554 5.4.6 "));
}

TEST_F(IntakeTest, bounds_the_recipients_and_has_no_mailboxes) {
  Intake intake = make({.recipients_max = 2});
  auto arrival = start(intake);
  EXPECT_FALSE(arrival->add_recipient({"b", "example.net"}));
  EXPECT_THAT(arrival->add_recipient({"c", "example.net"})->text(), StartsWith("452 4.5.3 "));
  EXPECT_THAT(arrival->add_recipient({"postmaster", ""})->text(), StartsWith("550 5.1.1 "));
}

TEST_F(IntakeTest, refuses_a_message_without_recipients) {
  Intake intake = make();
  auto arrival = intake.start(submitter_, {});
  add(*arrival, small_message);
  EXPECT_THAT(refusal_of(*arrival), StartsWith("554 5.5.1 "));
}

TEST_F(IntakeTest, never_accepts_what_could_not_be_committed) {
  struct Case {
    ErrorCode code;
    std::string reply;
  };
  for (const Case& c :
       {Case{ErrorCode::resource_exhausted, "452 4.3.1 "},
        Case{ErrorCode::io_failure, "451 4.3.0 "}, Case{ErrorCode::unavailable, "451 4.3.0 "}}) {
    spool_.commit_failure = Error(c.code, "planted");
    Intake intake = make();
    auto arrival = start(intake);
    add(*arrival, small_message);
    EXPECT_THAT(refusal_of(*arrival), StartsWith(c.reply));
  }
  EXPECT_THAT(queued_, IsEmpty());
  EXPECT_THAT(kinds(), testing::Each(EventKind::rejected));
  EXPECT_THAT(failures_, ElementsAre("planted", "planted", "planted"));
}

TEST_F(IntakeTest, refuses_at_the_end_when_a_chunk_could_not_be_written) {
  spool_.write_failure = Error(ErrorCode::resource_exhausted, "planted");
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, "\r\n" + std::string(900000, 'x'));
  EXPECT_THAT(refusal_of(*arrival), StartsWith("452 4.3.1 "));
  EXPECT_THAT(failures_, ElementsAre("planted"));
  EXPECT_EQ(spool_.discarded.size(), 1u);
}

TEST_F(IntakeTest, leaves_nothing_behind_when_an_arrival_is_dropped) {
  Intake intake = make();
  {
    auto arrival = start(intake);
    add(*arrival, "\r\n" + std::string(600000, 'x'));
    EXPECT_EQ(spool_.arriving.size(), 1u);
  }
  EXPECT_THAT(spool_.arriving, IsEmpty());
  EXPECT_EQ(spool_.discarded.size(), 1u);
  start(intake).reset();
  EXPECT_EQ(spool_.discarded.size(), 1u) << "nothing was written, so there is nothing to discard";
  EXPECT_THAT(sink_.events, IsEmpty());
}

TEST_F(IntakeTest, does_not_take_chunks_from_a_commit_whose_caller_is_gone) {
  spool_.hangs = true;
  Intake intake = make();
  {
    auto arrival = start(intake);
    add(*arrival, "\r\n" + std::string(600000, 'x'));
    std::optional<io::Task<tl::expected<MessageId, smtp::Reply>>> finishing;
    finishing.emplace(arrival->finish());
    io::TaskGroup group;
    group.start(
        [](auto task) -> io::Task<void> { co_await std::move(task); }(*std::move(finishing)));
    loop_.settle();
  }
  EXPECT_THAT(spool_.discarded, IsEmpty());
}

TEST_F(IntakeTest, forgets_the_chunks_of_a_failed_commit_only_while_the_spool_is_sound) {
  Intake intake = make();
  auto clean = start(intake);
  add(*clean, "\r\n" + std::string(600000, 'x'));
  spool_.commit_failure = Error(ErrorCode::resource_exhausted, "planted");
  EXPECT_FALSE(finish(*clean));
  EXPECT_EQ(spool_.discarded.size(), 1u);

  auto unknown = start(intake);
  add(*unknown, "\r\n" + std::string(600000, 'x'));
  spool_.is_healthy = false;
  EXPECT_FALSE(finish(*unknown));
  EXPECT_EQ(spool_.discarded.size(), 1u);
}

TEST_F(IntakeTest, reports_a_refusal_that_only_the_caller_could_see) {
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, "\r\n" + std::string(600000, 'x'));
  arrival->reject(smtp::reply(554, {5, 6, 0}, "bare LF"));
  ASSERT_THAT(kinds(), ElementsAre(EventKind::rejected));
  EXPECT_EQ(sink_.events[0].reply, "554 5.6.0 bare LF");
  EXPECT_EQ(sink_.events[0].client, "192.0.2.7:50122");
  EXPECT_EQ(spool_.discarded.size(), 1u);
}

TEST_F(IntakeTest, tells_of_a_refusal_for_good_by_the_name_that_the_message_came_with) {
  Intake intake = make();
  const MessageId id = *MessageId::parse("019aa5b1-2c43-7abc-8def-0123456789ab");
  const auto refuse = [&](const smtp::Reply& reply, bool is_named) {
    auto arrival = start(intake);
    if (is_named) arrival->adopt(id, [] { return nothing(); });
    arrival->reject(reply);
    return sink_.events.back().message;
  };
  EXPECT_EQ(refuse(smtp::reply(554, {5, 6, 0}, "bare LF"), true), id);
  EXPECT_EQ(refuse(smtp::reply(451, {4, 3, 0}, "later"), true), std::nullopt)
      << "it may still be accepted";
  EXPECT_EQ(refuse(smtp::reply(554, {5, 6, 0}, "bare LF"), false), std::nullopt);
}

TEST_F(IntakeTest, says_why_it_takes_nothing_now) {
  Intake intake = make();
  EXPECT_FALSE(intake.refuse_now());
  has_room_ = false;
  EXPECT_FALSE(intake.refuse_now()) << "the answer is kept for a second";
  loop_.advance(std::chrono::seconds(1));
  EXPECT_THAT(intake.refuse_now()->text(), StartsWith("452 4.3.1 "));
  EXPECT_EQ(room_asked_, 2);
  has_room_ = true;
  loop_.advance(std::chrono::seconds(1));
  keeps_up_ = false;
  EXPECT_THAT(intake.refuse_now()->text(), StartsWith("451 4.3.2 "));
  keeps_up_ = true;
  EXPECT_FALSE(intake.refuse_now());
  spool_.is_healthy = false;
  EXPECT_THAT(intake.refuse_now()->text(), StartsWith("451 4.3.0 "));
}

TEST_F(IntakeTest, removes_blind_copies_and_changes_nothing_else) {
  Intake intake = make();
  auto arrival = start(intake);
  const std::string kept = "Subject: x\r\nBCC-Note: stays\r\nDate: now\r\nMessage-ID: <a@b>\r\n";
  const std::string body = "\r\nBcc: in the body\r\n" + std::string(spool::chunk_octets_max, 'x');
  add(*arrival, "bcc : a@b.example,\r\n\tc@d.example\r\n" + kept.substr(0, 12));
  add(*arrival, "BCC:\r\n" + kept.substr(12) + "Resent-Bcc: e@f.example\r\n" + body);
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  const std::string& stored = spool_.messages.at(*id);
  EXPECT_TRUE(stored.ends_with("\r\n" + kept + body)) << stored.substr(0, 500);
  EXPECT_THAT(stored, StartsWith("Received: "));
  EXPECT_EQ(queued_.at(0).size_octets, stored.size());
}

TEST_F(IntakeTest, keeps_header_and_body_apart_when_only_blind_copies_stood_there) {
  Intake intake = make();
  auto arrival = start(intake);
  add(*arrival, "Bcc: a@b.example\r\n no field: is here\r\nnor here\r\n");
  auto id = finish(*arrival);
  ASSERT_TRUE(id);
  EXPECT_TRUE(spool_.messages.at(*id).ends_with("\r\n\r\nnor here\r\n"));
}

TEST_F(IntakeTest, tells_a_hundred_recipients_of_a_refusal_at_most) {
  Intake intake = make();
  std::vector<std::string> recipients(20'000, std::string(200, 'x') + "@example.net");
  intake.report_rejected(submitter_, std::nullopt, recipients, smtp::reply(550, {5, 7, 1}, "No"));
  ASSERT_EQ(sink_.events.size(), 1u);
  EXPECT_EQ(sink_.events[0].recipients.size(), 100u);
}

}  // namespace
}  // namespace waypost::intake
