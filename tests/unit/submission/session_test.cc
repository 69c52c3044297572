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

TEST(Session, keeps_what_stood_behind_the_addresses) {
  SmtpDialogue dialogue;
  dialogue.ask(
      "EHLO x\r\nMAIL FROM:<j\xc3\xb6rg@example.org> SMTPUTF8 RET=HDRS ENVID=a+2Bb\r\n"
      "RCPT TO:<b@example.net>\r\n"
      "RCPT TO:<c@b\xc3\xbc"
      "cher.example> NOTIFY=NEVER ORCPT=rfc822;C@example.net\r\nDATA\r\n" +
      message);
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  const spool::Envelope& envelope = dialogue.queued[0];
  EXPECT_TRUE(envelope.smtputf8);
  EXPECT_EQ(envelope.sender->local_part, "j\xc3\xb6rg");
  EXPECT_EQ(envelope.recipients[1].domain,
            "b\xc3\xbc"
            "cher.example");
  EXPECT_EQ(envelope.dsn.returns, smtp::ReturnContent::headers);
  EXPECT_EQ(envelope.dsn.envelope_id, "a+b");
  ASSERT_THAT(envelope.recipient_dsn, SizeIs(1));
  EXPECT_TRUE(envelope.recipient_dsn.at(1).notify.never);
  EXPECT_EQ(envelope.recipient_dsn.at(1).original_recipient, "rfc822;C@example.net");
  EXPECT_FALSE(envelope.inbound);
  EXPECT_THAT(dialogue.stored()[0], HasSubstr("with UTF8SMTP"));
}

TEST(Session, names_itself_and_counts_its_messages_in_events_and_envelopes) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO x\r\n" + transaction + message + "MAIL FROM:<a@example.org>\r\n" +
               "RCPT TO:<postmaster>\r\nRSET\r\nMAIL FROM:<a@example.org> SIZE=99999999999\r\n" +
               transaction + message);
  ASSERT_THAT(dialogue.queued, SizeIs(2));
  const std::string session = dialogue.queued[0].session;
  EXPECT_EQ(session.size(), 13u);
  EXPECT_EQ(dialogue.queued[1].session, session);
  std::vector<std::pair<EventKind, uint32_t>> seen;
  for (const events::Event& event : dialogue.sink.events) {
    EXPECT_EQ(event.session, session);
    seen.emplace_back(event.kind, event.transaction);
  }
  EXPECT_THAT(seen,
              ElementsAre(std::pair(EventKind::accepted, 1u), std::pair(EventKind::rejected, 2u),
                          std::pair(EventKind::rejected, 0u), std::pair(EventKind::accepted, 3u)));
}

TEST(Session, lets_a_login_send_as_its_own_domains_only) {
  SmtpDialogue dialogue(stranger_under_tls());
  dialogue.keys.sender_domains = {"example.org"};
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO x\r\n" + log_in_line);
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.net>\r\n"),
              StartsWith("553 5.7.1 Sender not owned by this login; its domains: example.org"));
  EXPECT_THAT(dialogue.ask("MAIL FROM:<>\r\nRSET\r\n"), StartsWith("250 "));
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"), StartsWith("250 "));
  ASSERT_THAT(dialogue.sink.events, SizeIs(1));
  EXPECT_EQ(dialogue.sink.events[0].login, "shop");
}

TEST(Session, lets_a_trusted_network_send_as_the_domains_of_the_listener_only) {
  SmtpDialogue::Options options;
  options.settings.trusted_sender_domains = {"example.org"};
  SmtpDialogue dialogue(options);
  dialogue.ask("EHLO x\r\n");
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.net>\r\n"), StartsWith("553 5.7.1 "));
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"), StartsWith("250 "));
}

SmtpDialogue::Options open_to_strangers() {
  SmtpDialogue::Options options = stranger_under_tls();
  options.settings.inbound = {{{"our.example"}, {"abuse"}}};
  options.tls_mode = TlsMode::starttls;
  return options;
}

TEST(Session, takes_mail_of_strangers_for_our_own_domains_and_leaves_it_as_it_is) {
  SmtpDialogue dialogue(open_to_strangers());
  dialogue.ask("EHLO x\r\nMAIL FROM:<>\r\n");
  EXPECT_THAT(dialogue.ask("RCPT TO:<b@remote.example>\r\n"), StartsWith("550 5.7.1 "));
  EXPECT_THAT(dialogue.ask("RCPT TO:<nobody@our.example>\r\n"), StartsWith("550 5.1.1 "));
  EXPECT_THAT(dialogue.ask("DATA\r\n"), StartsWith("503 "));
  EXPECT_THAT(dialogue.ask("RCPT TO:<abuse@our.example>\r\n"), StartsWith("250 "));
  EXPECT_THAT(dialogue.ask("RCPT TO:<Postmaster>\r\n"), StartsWith("250 "));
  dialogue.ask("DATA\r\nBcc: x\r\n" + message);
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  EXPECT_TRUE(dialogue.queued[0].inbound);
  EXPECT_EQ(dialogue.queued[0].recipients[1].text(), "postmaster@our.example");
  EXPECT_THAT(dialogue.stored()[0], HasSubstr("Bcc: x"));
  EXPECT_THAT(dialogue.sink.events, SizeIs(3));
}

TEST(Session, lets_a_login_relay_where_strangers_may_not) {
  SmtpDialogue::Options options = open_to_strangers();
  options.tls_mode = TlsMode::implicit;
  SmtpDialogue dialogue(options);
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO x\r\n" + log_in_line);
  EXPECT_THAT(dialogue.ask(transaction + message), HasSubstr("250 2.0.0 Ok: queued as "));
  ASSERT_THAT(dialogue.queued, SizeIs(1));
  EXPECT_FALSE(dialogue.queued[0].inbound);
}

TEST(Session, tells_a_login_over_its_pace_how_long_to_wait) {
  SmtpDialogue::Options options = stranger_under_tls();
  options.settings.messages_per_login_per_minute = 3;
  SmtpDialogue dialogue(options);
  ASSERT_TRUE(dialogue.start_tls());
  dialogue.ask("EHLO x\r\n" + log_in_line);
  for (int i = 0; i < 3; ++i) EXPECT_THAT(dialogue.ask(transaction + message), HasSubstr("queued"));
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"),
              StartsWith("451 4.7.1 This login may send 3 messages a minute; try again in 20 s"));
  dialogue.loop.advance(seconds(20));
  EXPECT_THAT(dialogue.ask("MAIL FROM:<a@example.org>\r\n"), StartsWith("250 "));
}

// Each from its own connection, all from one address.
TEST(Session, checks_the_logins_of_a_network_that_guesses_one_a_second) {
  SmtpDialogue dialogue(stranger_under_tls());
  ASSERT_TRUE(dialogue.start_tls());
  const IpAddress network = IpAddress::v4({203, 0, 113, 9});
  for (int i = 0; i < 5; ++i) {
    Guesses::Turn turn;
    dialogue.clients.guesses.failed(turn, "shop", network, dialogue.loop.now());
  }
  dialogue.send("EHLO x\r\n" + log_in_line);
  dialogue.loop.advance(seconds(4));
  EXPECT_EQ(dialogue.keys.checked, 0);
  dialogue.loop.advance(seconds(1));
  EXPECT_THAT(dialogue.receive(), EndsWith("235 2.7.0 Logged in\r\n"));
}

TEST(Session, refuses_to_check_when_too_many_logins_of_the_network_wait) {
  SmtpDialogue dialogue(stranger_under_tls());
  ASSERT_TRUE(dialogue.start_tls());
  for (int i = 0; i < 12; ++i) {
    Guesses::Turn turn;
    dialogue.clients.guesses.failed(turn, "", IpAddress::v4({203, 0, 113, 9}), dialogue.loop.now());
  }
  EXPECT_THAT(dialogue.ask("EHLO x\r\n" + log_in_line), HasSubstr("\r\n421 4.7.0 Too many failed"));
  EXPECT_TRUE(dialogue.session_ended());
  EXPECT_EQ(dialogue.keys.checked, 0);
  EXPECT_THAT(dialogue.sink.events, SizeIs(1));
}

TEST(Session, takes_a_message_in_chunks_of_any_size_whole) {
  const std::string content = "Subject: x\r\n\r\n" + std::string(60'000, 'y') + "\r\n.\r\nend\r\n";
  for (size_t piece : {size_t(7), size_t(7'000), content.size()}) {
    SmtpDialogue dialogue;
    dialogue.ask("EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\n");
    std::string wire;
    for (size_t at = 0; at < content.size(); at += piece) {
      const std::string chunk = content.substr(at, piece);
      const bool last = at + piece >= content.size();
      wire += "BDAT " + std::to_string(chunk.size()) + (last ? " LAST\r\n" : "\r\n") + chunk;
    }
    EXPECT_THAT(dialogue.ask(wire), HasSubstr("queued as "));
    ASSERT_THAT(dialogue.stored(), SizeIs(1));
    EXPECT_THAT(dialogue.stored()[0], EndsWith("\r\n.\r\nend\r\n"));
    EXPECT_GT(dialogue.stored()[0].size(), content.size());
  }
}

}  // namespace
}  // namespace waypost::submission
