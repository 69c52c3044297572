#include "submission/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/smtp_dialogue.h"

// What the scripts of tests/conformance cannot say: stops, failures, events in full, the envelope.
namespace waypost::submission {
namespace {

using events::EventKind;
using fakes::SmtpDialogue;
using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

const std::string log_in_line = "AUTH PLAIN AHNob3AAY29ycmVjdC1ob3JzZQ==\r\n";
const std::string wrong_log_in_line = "AUTH PLAIN AHNob3AAd3Jvbmctb25l\r\n";
const std::string transaction = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n";
const std::string message = "Subject: x\r\n\r\nbody\r\n.\r\n";

SmtpDialogue::Options stranger_under_tls() {
  SmtpDialogue::Options options;
  options.client = IpAddress::v4({203, 0, 113, 9});
  options.tls_mode = TlsMode::implicit;
  return options;
}

TEST(Session, keeps_whose_mail_it_is_and_how_it_came) {
  SmtpDialogue dialogue(stranger_under_tls());
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO client.example\r\n" + log_in_line);
  EXPECT_THAT(dialogue.ask(transaction + message), HasSubstr("250 2.0.0 Ok: queued as "));
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  const spool::Envelope& envelope = dialogue.queued[0];
  EXPECT_EQ(envelope.login, "shop");
  EXPECT_EQ(envelope.tenant, "acme");
  EXPECT_EQ(envelope.stream, "bulk");
  EXPECT_EQ(envelope.client, "203.0.113.9:50122");
  EXPECT_THAT(dialogue.stored()[0], HasSubstr("with ESMTPSA"));
  EXPECT_THAT(dialogue.stored()[0], HasSubstr("client.example"));
}

TEST(Session, answers_with_the_id_that_the_queue_has) {
  SmtpDialogue dialogue;
  std::string answer = dialogue.ask("EHLO x\r\n" + transaction + message);
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  EXPECT_THAT(answer, EndsWith("Ok: queued as " + dialogue.queued[0].id.text() + "\r\n"));
}

TEST(Session, never_says_250_to_what_is_not_stored) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction);
  dialogue.medium.fail_next_sync();
  EXPECT_THAT(dialogue.ask(message), StartsWith("451 4.3.0 "));
  EXPECT_THAT(dialogue.queued, IsEmpty());
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"), StartsWith("451 4.3.0 "))
      << "a spool that has failed takes nothing more";
  ASSERT_THAT(dialogue.sink.events, SizeIs(2));
  EXPECT_EQ(dialogue.sink.events[0].kind, EventKind::rejected);
  EXPECT_THAT(dialogue.sink.events[0].recipients, ElementsAre("b@example.net"));
}

TEST(Session, says_452_when_the_disk_is_full) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction);
  dialogue.medium.fail_next_write();
  EXPECT_THAT(dialogue.ask(message), StartsWith("452 4.3.1 "));
}

TEST(Session, stores_the_message_of_a_client_that_vanishes_behind_the_last_dot) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction);
  dialogue.send(message);
  dialogue.vanish();
  EXPECT_TRUE(dialogue.session_ended());
  EXPECT_THAT(dialogue.stored(), SizeIs(1));
}

TEST(Session, forgets_the_message_of_a_client_that_vanishes_before_the_last_dot) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction);
  for (int i = 0; i < 20; ++i) dialogue.send(std::string(60000, 'x') + "\r\n");
  dialogue.vanish();
  dialogue.loop.settle();
  EXPECT_TRUE(dialogue.session_ended());
  EXPECT_THAT(dialogue.stored(), IsEmpty());
  auto bodies = dialogue.store.scan(spool::Family::bodies);
  bodies->seek("");
  EXPECT_FALSE(bodies->valid()) << "chunks were left behind";
}

TEST(Session, reports_a_refused_recipient_with_both_addresses) {
  SmtpDialogue::Options options;
  options.limits.recipients_max = 1;
  SmtpDialogue dialogue(options);
  dialogue.ask("EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n");
  dialogue.ask("RCPT TO:<c@example.net>\r\n");
  ASSERT_THAT(dialogue.sink.events, SizeIs(1));
  const events::Event& event = dialogue.sink.events[0];
  EXPECT_EQ(event.kind, EventKind::rejected);
  EXPECT_EQ(event.sender, "a@example.org");
  EXPECT_THAT(event.recipients, ElementsAre("c@example.net"));
  EXPECT_EQ(event.client, "192.0.2.7:50122");
  EXPECT_THAT(event.reply, StartsWith("452 4.5.3 "));
}

TEST(Session, shows_no_secret_in_any_event_or_reply) {
  SmtpDialogue dialogue(stranger_under_tls());
  ASSERT_TRUE(dialogue.start_tls());
  std::string said = dialogue.ask("EHLO x\r\n" + wrong_log_in_line);
  dialogue.loop.advance(seconds(1));
  said += dialogue.receive();
  EXPECT_THAT(said, HasSubstr("535 5.7.8 "));
  ASSERT_THAT(dialogue.sink.events, SizeIs(1));
  for (const std::string secret : {"wrong-one", "AHNob3AAd3Jvbmctb25l"}) {
    EXPECT_THAT(events::to_json_line(dialogue.sink.events[0]), Not(HasSubstr(secret)));
    EXPECT_THAT(said, Not(HasSubstr(secret)));
  }
}

TEST(Session, says_454_when_keys_cannot_be_read_and_counts_no_guess) {
  SmtpDialogue dialogue(stranger_under_tls());
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO x\r\n");
  dialogue.keys.broken = true;
  for (int i = 0; i < 8; ++i) EXPECT_THAT(dialogue.ask(log_in_line), StartsWith("454 4.7.0 "));
  dialogue.keys.broken = false;
  EXPECT_THAT(dialogue.ask(log_in_line), StartsWith("235 2.7.0 "));
}

TEST(Session, never_asks_the_keys_outside_tls) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + log_in_line);
  EXPECT_EQ(dialogue.keys.checked, 0);
}

TEST(Session, limits_commands_that_bring_no_message) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n");
  int taken = 0;
  while (taken < 1000 && !dialogue.session_ended()) {
    dialogue.send("NOOP\r\n");
    dialogue.loop.advance(seconds(2));
    ++taken;
  }
  EXPECT_THAT(dialogue.receive(), EndsWith("421 4.7.0 Too many errors; closing\r\n"));
  EXPECT_EQ(taken, 120);
}

TEST(Session, has_patience_with_a_client_that_also_sends_messages) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n");
  for (int i = 0; i < 300; ++i) dialogue.ask("RSET\r\n" + transaction + message);
  EXPECT_FALSE(dialogue.session_ended());
  EXPECT_THAT(dialogue.queued, SizeIs(300));
}

TEST(Session, stops_between_commands_with_421) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\nMAIL FROM:<a@example.org>\r\n");
  dialogue.session->stop();
  EXPECT_THAT(dialogue.receive(), StartsWith("421 4.3.2 "));
  EXPECT_TRUE(dialogue.closed());
  EXPECT_TRUE(dialogue.session_ended());
}

TEST(Session, lets_a_message_come_in_whole_before_it_stops) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction);
  dialogue.session->stop();
  EXPECT_EQ(dialogue.receive(), "");
  std::string answer = dialogue.ask(message + "NOOP\r\n");
  EXPECT_THAT(answer, StartsWith("250 2.0.0 Ok: queued as "));
  EXPECT_THAT(answer, HasSubstr("\r\n421 4.3.2 "));
  EXPECT_TRUE(dialogue.closed());
}

TEST(Session, stops_inside_the_wait_after_a_failed_login) {
  SmtpDialogue dialogue(stranger_under_tls());
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO x\r\n" + wrong_log_in_line);
  dialogue.session->stop();
  dialogue.loop.settle();
  EXPECT_TRUE(dialogue.session_ended());
}

TEST(Session, stops_in_a_handshake) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\nSTARTTLS\r\n");
  dialogue.session->stop();
  dialogue.loop.settle();
  EXPECT_TRUE(dialogue.session_ended());
}

TEST(Session, gives_up_a_handshake_that_stalls) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\nSTARTTLS\r\n");
  dialogue.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  dialogue.loop.advance(seconds(29));
  EXPECT_FALSE(dialogue.session_ended());
  dialogue.loop.advance(seconds(2));
  EXPECT_TRUE(dialogue.session_ended());
}

TEST(Session, ends_hard_in_the_middle_of_a_message) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction + "Subject: x\r\n");
  dialogue.session->close();
  dialogue.loop.settle();
  EXPECT_TRUE(dialogue.session_ended());
  EXPECT_THAT(dialogue.stored(), IsEmpty());
}

TEST(Session, sends_the_replies_to_pipelined_commands_together) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n");
  const size_t before = dialogue.server_writes();
  dialogue.ask(
      "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nRCPT TO:<c@example.net>\r\n");
  EXPECT_EQ(dialogue.server_writes(), before + 1);
}

TEST(Session, takes_a_message_in_single_octets) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n");
  for (char c : transaction + message) dialogue.send(std::string(1, c));
  EXPECT_THAT(dialogue.receive(), HasSubstr("250 2.0.0 Ok: queued as "));
}

}  // namespace
}  // namespace waypost::submission
