#include "queue/suppressor.h"

#include <functional>
#include <set>

#include "tests/unit/queue/queue_fixture.h"

namespace waypost::queue {
namespace {

// Remembers whom it was to condemn, and suppresses whom it is told to.
class FakeSuppressor final : public Suppressor {
 public:
  explicit FakeSuppressor(io::Loop& loop) : loop_(loop) {}

  std::optional<Suppressed> find(const spool::Envelope& envelope,
                                 uint32_t recipient) const override {
    if (!listed.contains(envelope.recipients[recipient].text())) return std::nullopt;
    return Suppressed{"recipient-unknown", "5.1.1 suppressed: recipient-unknown"};
  }
  io::Task<void> condemn(std::vector<Condemned> condemned) override {
    co_await io::sleep_until(loop_, loop_.now() + 5ms);
    if (condemning) condemning();
    for (const Condemned& one : condemned) {
      reasons.push_back(one.reason);
      listed.insert(one.envelope->recipients[one.recipient].text());
    }
  }

  std::function<void()> condemning;
  std::set<std::string> listed;
  std::vector<std::string> reasons;

 private:
  io::Loop& loop_;
};

struct SuppressorTest : QueueTest {
  SuppressorTest() { make_again(); }
  void make_again() {
    queue.reset();
    queue = std::make_unique<Queue>(
        Queue::Dependencies{process, *spool, sink, courier, replies, notifier, &suppressor},
        settings());
  }
  spool::Envelope sent(std::vector<std::string> addresses) {
    spool::Envelope made = envelope(std::move(addresses));
    made.sender = *smtp::parse_mailbox("app@sender.example");
    return made;
  }
  // What one recipient's fate has made of the list.
  std::set<std::string> condemned_by(const std::string& reply, events::Phase phase,
                                     std::vector<std::string> addresses = {"ann@example.net"},
                                     bool inbound = false) {
    suppressor.listed.clear();
    suppressor.reasons.clear();
    Outcome answer = outcome(reply[0] == '4' ? Verdict::deferred : Verdict::bounced, "");
    answer.phase = phase;
    smtp::ReplyReader reader;
    EXPECT_TRUE(reader.feed(reply + "\r\n"));
    answer.reply = reader.take();
    courier.answers.assign(10, answer);
    spool::Envelope made = sent(std::move(addresses));
    made.inbound = inbound;
    accept(std::move(made));
    world.run_for(30s);
    courier.answers.clear();
    return suppressor.listed;
  }
  FakeSuppressor suppressor{process};
};

using events::Phase;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* no_such_user =
    "550 5.1.1 The email account that you tried to reach does not exist";

TEST_F(SuppressorTest, ends_a_recipient_who_is_not_to_be_written_to) {
  suppressor.listed = {"ann@example.net"};
  accept(sent({"ann@example.net", "bob@example.net"}));
  world.run_for(30s);
  EXPECT_THAT(kinds(), testing::UnorderedElementsAre(EventKind::suppressed, EventKind::delivered));
  EXPECT_THAT(courier.first_recipients, ElementsAre("bob@example.net"));
  EXPECT_EQ(queue->ledger().suppressed, 1u);
  EXPECT_TRUE(queue->ledger().balances());
  EXPECT_EQ(stored(), 0u);
}

TEST_F(SuppressorTest, tells_the_sender_and_says_why_in_the_event) {
  suppressor.listed = {"ann@example.net"};
  accept(sent({"ann@example.net"}));
  world.run_for(30s);
  ASSERT_EQ(notifier.notices.size(), 1u);
  EXPECT_EQ(notifier.notices[0].recipients.at(0).reply, "5.1.1 suppressed: recipient-unknown");
  ASSERT_EQ(sink.events.size(), 1u);
  EXPECT_EQ(sink.events[0].kind, EventKind::suppressed);
  EXPECT_EQ(sink.events[0].cause.reply_class, "recipient-unknown");
  EXPECT_EQ(sink.events[0].recipients, std::vector<std::string>{"ann@example.net"});
}

TEST_F(SuppressorTest, ends_it_after_a_crash_before_that_was_written) {
  notifier.takes = 10s;
  courier.takes = 10s;
  suppressor.listed = {"ann@example.net"};
  accept(sent({"ann@example.net", "bob@example.net"}));
  world.run_for(1s);  // the sender is being told, and nothing is written yet
  EXPECT_THAT(kinds(), IsEmpty());
  make_again();
  notifier.takes = 5ms;
  EXPECT_TRUE(
      spool->recover([&](spool::StoredMessage message) { queue->restore(std::move(message)); },
                     [](MessageId, Error) { FAIL(); }));
  world.run_for(1min);
  EXPECT_EQ(queue->ledger().suppressed, 1u);
  EXPECT_TRUE(queue->ledger().balances());
  EXPECT_EQ(queue->ledger().queued, 0u);
  EXPECT_THAT(courier.first_recipients, testing::Each("bob@example.net"));
  EXPECT_EQ(stored(), 0u);
}

TEST_F(SuppressorTest, ends_what_waits_when_its_address_is_condemned) {
  Outcome busy = outcome(Verdict::deferred, "451 4.3.0 Not now");
  courier.answers = {busy};
  accept(sent({"ann@example.net"}));
  world.run_for(10s);
  suppressor.listed = {"ann@example.net"};
  world.run_for(5min);
  EXPECT_THAT(kinds(), ElementsAre(EventKind::deferred, EventKind::suppressed));
}

// All of them stand at their site before the first is tried.
TEST_F(SuppressorTest, ends_what_waits_for_its_turn_when_its_address_is_condemned) {
  limits.connections.value = 1;
  make_again();
  Outcome gone = outcome(Verdict::bounced, "");
  gone.phase = Phase::rcpt;
  gone.reply = smtp::reply(550, {5, 1, 1}, "The email account does not exist");
  courier.answers = {gone};
  for (int i = 0; i < 5; ++i) accept(sent({"ann@example.net"}));
  accept(sent({"bob@example.net", "ann@example.net"}));
  world.run_for(1min);
  EXPECT_EQ(queue->ledger().bounced, 1u);
  EXPECT_EQ(queue->ledger().suppressed, 5u);
  EXPECT_EQ(queue->ledger().delivered, 1u);
  EXPECT_EQ(courier.started.size(), 2u);
  EXPECT_EQ(stored(), 0u);
}

TEST_F(SuppressorTest, condemns_an_address_that_their_server_does_not_know) {
  EXPECT_THAT(condemned_by(no_such_user, Phase::rcpt), ElementsAre("ann@example.net"));
  EXPECT_THAT(suppressor.reasons, ElementsAre("recipient-unknown"));
}

// One for each class that is near to those that condemn, and for what is about us.
TEST_F(SuppressorTest, condemns_nobody_for_what_is_about_anything_else) {
  for (const char* reply :
       {"452 4.2.2 The email account that you tried to reach is over quota",
        "552 5.2.2 Mailbox full",
        "450 4.1.1 <ann@example.net>: Recipient address rejected: User unknown in local table",
        "451 4.7.1 Greylisted, please try again in 300 seconds",
        "550 5.7.1 Service unavailable; client [10.0.0.1] blocked using zen.spamhaus.org",
        "550 5.7.26 This mail has been blocked because the sender is unauthenticated",
        "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
        "550 5.7.1 Relaying denied", "554 5.7.1 Message rejected due to policy",
        "550 5.7.133 sender not authenticated for group",
        "552 5.3.4 Message size exceeds fixed maximum message size",
        "550 5.7.25 The IP address sending this message does not have a PTR record",
        "553 5.1.8 Sender domain does not exist", "550 5.4.6 Mail loop detected",
        "550 High probability of spam", "421 4.7.0 Too many connections from your host",
        "550 Administrative prohibition"})
    EXPECT_THAT(condemned_by(reply, Phase::rcpt), IsEmpty()) << reply;
}

// Of a member of a list, of what was asked back for, of a directory that does not answer.
TEST_F(SuppressorTest, condemns_nobody_for_a_reply_about_another_or_of_the_moment) {
  for (const char* reply :
       {"550 5.1.1 <member@member.example>: Recipient address rejected: User unknown",
        "550 5.1.1 hello@brand.example: user unknown",
        "550 5.1.1 <ann@example.net>: User unknown in local recipient table (LDAP lookup timed "
        "out)",
        "550 5.1.1 <ann@example.net> User unknown; please retry in 300 seconds",
        "550 5.1.1 <ann@example.net> temporarily unknown user"})
    EXPECT_THAT(condemned_by(reply, Phase::rcpt), IsEmpty()) << reply;
  EXPECT_THAT(condemned_by("550 5.1.1 <Ann@example.net>: User unknown", Phase::rcpt),
              ElementsAre("ann@example.net"));
}

TEST_F(SuppressorTest, condemns_nobody_before_rcpt_nor_for_strangers_mail) {
  EXPECT_THAT(condemned_by(no_such_user, Phase::mail), IsEmpty());
  EXPECT_THAT(condemned_by(no_such_user, Phase::greeting), IsEmpty());
  EXPECT_THAT(condemned_by(no_such_user, Phase::rcpt, {"ann@example.net"}, true), IsEmpty());
}

TEST_F(SuppressorTest, condemns_nobody_by_one_answer_to_several) {
  EXPECT_THAT(condemned_by(no_such_user, Phase::content), ElementsAre("ann@example.net"));
  EXPECT_THAT(condemned_by(no_such_user, Phase::content, {"ann@example.net", "bob@example.net"}),
              IsEmpty());
}

TEST_F(SuppressorTest, condemns_a_domain_that_does_not_exist) {
  Outcome gone =
      outcome(Verdict::bounced, "5.1.2 the domain example.net does not exist (NXDOMAIN)");
  gone.phase = Phase::resolve;
  courier.no_route = gone;
  accept(sent({"ann@example.net"}));
  world.run_for(30s);
  EXPECT_THAT(suppressor.reasons, ElementsAre("domain-not-found"));
}

TEST_F(SuppressorTest, condemns_before_it_writes_what_became_of_the_recipient) {
  Outcome answer = outcome(Verdict::bounced, "");
  answer.phase = Phase::rcpt;
  answer.reply = smtp::reply(550, {5, 1, 1}, "The email account does not exist");
  courier.answers = {answer};
  accept(sent({"ann@example.net"}));
  size_t stored_then = 0;
  suppressor.condemning = [&] { stored_then = stored(); };
  world.run_for(30s);
  EXPECT_EQ(stored_then, 1u);
  EXPECT_EQ(stored(), 0u);
}

}  // namespace
}  // namespace waypost::queue
