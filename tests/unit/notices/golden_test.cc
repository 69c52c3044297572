// Notices as senders get them, in tests/golden/dsn/*.eml (there with LF). To take over new ones,
// run with WAYPOST_ACCEPT=1 and review the difference.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "classify/shipped_rules.h"
#include "io/sim_world.h"
#include "io/task_group.h"
#include "notices/notice_text.h"
#include "notices/reporter.h"
#include "queue/judge.h"
#include "spool/batch_store.h"
#include "spool/memory_store.h"
#include "tests/fakes/recording_sink.h"
#include "tests/fakes/source_folder.h"
#include "tests/unit/message/dsn_properties.h"

namespace waypost::notices {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using queue::Notice;
using queue::NoticedRecipient;
using queue::NoticeKind;

const fs::path golden_folder = fakes::source_folder() / "tests" / "golden" / "dsn";
const WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + 12h;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

struct GoldenNotices : testing::Test {
  GoldenNotices() { world.jump_wall_clock(noon - world.wall_now()); }

  // From app@example.com, as a client sent it that asked for what it may ask for.
  spool::Envelope envelope(std::vector<std::string> addresses,
                           smtp::Characters characters = smtp::Characters::ascii) {
    spool::Envelope made;
    std::array<uint8_t, 10> random{};
    made.id = MessageId::make(world.wall_now(), random);
    made.accepted_at = world.wall_now();
    made.expires_at = made.accepted_at + std::chrono::days(5);
    made.sender = *smtp::parse_mailbox("app@example.com");
    made.message_id = "<one@example.com>";
    made.smtputf8 = characters == smtp::Characters::utf8;
    for (const std::string& address : addresses)
      made.recipients.push_back(*smtp::parse_mailbox(address, characters));
    return made;
  }

  // What the queue would give for this reply.
  NoticedRecipient said(uint32_t recipient, const std::string& reply, const std::string& host) {
    events::Outcome outcome;
    outcome.verdict = events::Verdict::bounced;
    outcome.reason = reply;
    outcome.peer.host = host;
    outcome.phase = events::Phase::rcpt;
    queue::Judgement judgement = judge.judge(outcome, "example.com", "example.net");
    return {recipient, reply, host, judgement.cause, false, 1, world.wall_now()};
  }

  void expect(const std::string& name, NoticeKind kind, spool::Envelope about,
              std::vector<NoticedRecipient> recipients,
              const std::string& content =
                  "From: app@example.com\r\nSubject: Your order\r\n\r\n"
                  "Thank you.\r\n") {
    tasks.start(make_notice(kind, std::move(about), std::move(recipients), content));
    world.run_for(1min);
    ASSERT_TRUE(accepted);
    ASSERT_FALSE(accepted->sender);
    fs::path expected = golden_folder / (name + ".eml");
    EXPECT_EQ(message::breach_of_lines(octets), "");
    std::erase(octets, '\r');
    if (std::getenv("WAYPOST_ACCEPT") != nullptr) std::ofstream(expected) << octets;
    EXPECT_EQ(octets, read_file(expected)) << expected;
  }
  io::Task<void> make_notice(NoticeKind kind, spool::Envelope about,
                             std::vector<NoticedRecipient> recipients, std::string content) {
    std::vector<spool::Chunk> chunks;
    chunks.push_back({0, "Received: by relay.example\r\n"});
    chunks.push_back({1, std::move(content)});
    about.chunks = 2;
    about.size_octets = chunks[0].octets.size() + chunks[1].octets.size();
    Result<void> committed = co_await spool->commit(about, std::move(chunks));
    EXPECT_TRUE(committed);
    world.jump_wall_clock(1min);
    Notice notice{kind, std::make_shared<spool::Envelope>(about), std::move(recipients)};
    Result<void> told = co_await reporter.notify(std::move(notice));
    EXPECT_TRUE(told);
    for (uint32_t index = 0; accepted && index < accepted->chunks; ++index) {
      Result<std::string> chunk = co_await spool->read_chunk(accepted->id, index);
      EXPECT_TRUE(chunk);
      octets += *chunk;
    }
  }

  io::SimWorld world{1};
  io::SimProcess& process = world.make_process(IpAddress::v4({10, 0, 0, 1}));
  spool::SpoolMedium medium;
  spool::MemoryStore store{medium, process};
  std::unique_ptr<spool::Spool> spool = spool::make_spool(store, process);
  fakes::RecordingSink sink;
  classify::Classifier classifier{classify::shipped_book()};
  classify::Reader replies{classifier};
  queue::Judge judge{replies};
  std::optional<spool::Envelope> accepted;
  std::string octets;
  Reporter reporter{
      {process, *spool, sink, replies, [this](spool::Envelope notice) { accepted = notice; }},
      {"relay.example", std::chrono::days(5), 64 * 1024}};
  io::TaskGroup tasks;
};

TEST_F(GoldenNotices, of_a_failure) {
  spool::Envelope about = envelope({"ann@example.net"});
  about.dsn.envelope_id = "order 12+3=15";
  about.recipient_dsn[0].original_recipient = "rfc822;Ann+shop@old.example";
  expect("failed", NoticeKind::failed, about,
         {said(0,
               "550 5.1.1 <ann@example.net>: Recipient address rejected: User unknown in virtual "
               "mailbox table",
               "mx.example.net")});
  ASSERT_EQ(sink.events.size(), 1u);
  EXPECT_EQ(sink.events[0].about, about.id);
  EXPECT_TRUE(accepted->recipient_dsn[0].notify.never);
}

TEST_F(GoldenNotices, of_several_failures_with_the_whole_message) {
  spool::Envelope about = envelope({"ann@example.net", "bob@example.net", "eve@example.net"});
  about.dsn.returns = smtp::ReturnContent::full;
  expect("several", NoticeKind::failed, about,
         {said(0, "552 5.2.2 Mailbox full", "mx.example.net"),
          said(1, "550 5.7.1 Message rejected as spam", "mx.example.net"),
          said(2, "the domain example.net does not exist", "")});
}

TEST_F(GoldenNotices, of_mail_that_expired) {
  NoticedRecipient waited =
      said(0, "451 4.7.1 Greylisted, please try again later", "mx.example.net");
  waited.expired = true;
  NoticedRecipient untried;
  untried.recipient = 1;
  untried.expired = true;
  expect("expired", NoticeKind::failed, envelope({"ann@example.net", "bob@example.net"}),
         {waited, untried});
}

TEST_F(GoldenNotices, of_a_delay) {
  expect("delayed", NoticeKind::delayed, envelope({"ann@example.net"}),
         {said(0, "connecting to 192.0.2.7 port 25: connection refused", "mx.example.net")});
}

TEST_F(GoldenNotices, promise_no_more_than_the_sender_asked_for) {
  spool::Envelope about = envelope({"ann@example.net"});
  about.recipient_dsn[0].notify.delay = true;
  expect("delay_alone", NoticeKind::delayed, about,
         {said(0, "connecting to 192.0.2.7 port 25: connection refused", "mx.example.net")});
}

TEST_F(GoldenNotices, promise_no_more_than_was_asked_for_each_recipient) {
  spool::Envelope about = envelope({"ann@example.net", "bob@example.net"});
  about.recipient_dsn[0].notify.delay = true;
  tasks.start(make_notice(NoticeKind::delayed, about,
                          {said(0, "451 4.7.1 Later", "mx"), said(1, "451 4.7.1 Later", "mx")},
                          "Subject: Your order\r\n\r\n"));
  world.run_for(1min);
  EXPECT_THAT(octets, testing::Not(testing::HasSubstr("You will hear again")));
  EXPECT_THAT(octets, testing::HasSubstr("but for the recipients"));
}

// The words of many servers.
TEST_F(GoldenNotices, state_no_guess_at_the_product_as_a_fact) {
  expect("guessed_product", NoticeKind::failed, envelope({"ann@example.net"}),
         {said(0, "550 5.1.1 No such user here", "mx.example.net")});
  EXPECT_THAT(octets, testing::Not(testing::HasSubstr("cPanel")));
}

TEST_F(GoldenNotices, name_the_provider_whose_mail_host_it_is) {
  expect("known_provider", NoticeKind::failed, envelope({"ann@gmail.com"}),
         {said(0, "550-5.1.1 The email account that you tried to reach does not exist. gsmtp",
               "gmail-smtp-in.l.google.com")});
}

TEST(NoticeStatus, is_the_code_of_what_was_refused_here) {
  auto of = [](const std::string& reply, bool expired = false) {
    NoticedRecipient recipient;
    recipient.reply = reply;
    recipient.expired = expired;
    return notice_status(NoticeKind::failed, recipient);
  };
  EXPECT_EQ(of("5.3.4 the message has 2000 octets, and they take at most 1000 (SIZE)"), "5.3.4");
  EXPECT_EQ(of("5.6.7 the address needs SMTPUTF8, which they do not have"), "5.6.7");
  EXPECT_EQ(of("5.6.3 the content has 8-bit octets, and they do not have 8BITMIME"), "5.6.3");
  EXPECT_EQ(of("550 5.1.1 No such user"), "5.1.1");
  EXPECT_EQ(of("550"), "5.0.0");
  EXPECT_EQ(of("no mail host could be reached"), "5.4.4");
  EXPECT_EQ(of("no mail host could be reached", true), "4.4.7");
  EXPECT_EQ(of("5.3.4 the message has 2000 octets", true), "4.4.7");
}

TEST_F(GoldenNotices, of_mail_that_was_handed_on) {
  expect("relayed", NoticeKind::relayed, envelope({"ann@example.net"}),
         {said(0, "250 2.0.0 Ok: queued as 4F1A", "mx.example.net")});
}

TEST_F(GoldenNotices, in_utf8) {
  spool::Envelope about = envelope({"\xc3\xa9lise@example.net"}, smtp::Characters::utf8);
  expect("utf8", NoticeKind::failed, about,
         {said(0, "550 5.1.1 No such user: \xc3\xa9lise", "mx.example.net")},
         "From: app@example.com\r\nSubject: \xc3\x80 bient\xc3\xb4t\r\n\r\nMerci.\r\n");
}

TEST_F(GoldenNotices, of_a_message_that_is_too_large_return_its_header_only) {
  spool::Envelope about = envelope({"ann@example.net"});
  about.dsn.returns = smtp::ReturnContent::full;
  std::string content = "Subject: Your order\r\n\r\n";
  while (content.size() <= 64 * 1024) content += "Thank you.\r\n";
  tasks.start(make_notice(NoticeKind::failed, about, {said(0, "550 5.1.1 No", "mx")}, content));
  world.run_for(1min);
  EXPECT_THAT(octets, testing::HasSubstr("Content-Type: text/rfc822-headers\r\n"));
  EXPECT_THAT(octets, testing::Not(testing::HasSubstr("Thank you.")));
}

}  // namespace
}  // namespace waypost::notices
