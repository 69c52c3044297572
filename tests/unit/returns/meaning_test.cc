#include "returns/meaning.h"

#include <array>

#include <gtest/gtest.h>

#include "classify/shipped_rules.h"

namespace waypost::returns {
namespace {

using bounces::Incoming;
using bounces::Kind;
using events::EventKind;
using message::ReportedAction;

const classify::Classifier& classifier() {
  static const classify::Classifier made(classify::shipped_book());
  return made;
}

SentMessage sent_to(std::vector<std::string> recipients) {
  return {MessageId(), "app@shop.example", "default", "bulk", std::move(recipients)};
}

Reference reference(Reach reach, uint32_t recipient = 0) { return {MessageId(), reach, recipient}; }

bounces::Recipient told(std::string address, std::string reply, std::string status = "5.1.1",
                        ReportedAction action = ReportedAction::failed) {
  bounces::Recipient recipient;
  recipient.address = std::move(address);
  recipient.reply = std::move(reply);
  recipient.status = std::move(status);
  recipient.action = action;
  return recipient;
}

Incoming bounce(std::vector<bounces::Recipient> recipients) {
  Incoming incoming;
  incoming.kind = Kind::dsn;
  incoming.recipients = std::move(recipients);
  return incoming;
}

Incoming complaint(std::string type, std::vector<std::string> recipients) {
  Incoming incoming;
  incoming.kind = Kind::arf;
  incoming.complaint.emplace();
  incoming.complaint->type = std::move(type);
  incoming.complaint->recipients = std::move(recipients);
  return incoming;
}

std::vector<Finding> findings(const Incoming& incoming, const std::optional<Reference>& known,
                              const SentMessage& sent) {
  classify::Reader replies(classifier());
  return findings_of(incoming, known, sent, replies);
}

constexpr const char* unknown_user =
    "550 5.1.1 The email account that you tried to reach does not exist";

TEST(Meaning, a_dead_mailbox_is_condemned_and_its_class_told) {
  const auto found = findings(bounce({told("ANN@A.example", unknown_user)}),
                              reference(Reach::recipient), sent_to({"ann@a.example"}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, EventKind::late_bounced);
  EXPECT_EQ(found[0].recipient, "ann@a.example");
  EXPECT_EQ(found[0].cause.reply_class, "recipient-unknown");
  EXPECT_TRUE(found[0].condemns && found[0].cause.suppress);
}

TEST(Meaning, nothing_else_condemns) {
  struct Row {
    const char* why;
    bounces::Recipient recipient;
  };
  const std::vector<Row> rows{
      {"full", told("ann@a.example", "552 5.2.2 The email account is over quota", "5.2.2")},
      {"ours",
       told("ann@a.example", "550 5.7.1 Our system has detected that this is spam", "5.7.1")},
      {"for now", told("ann@a.example", "450 4.1.1 User unknown in local table", "4.1.1")},
      {"delayed", told("ann@a.example", unknown_user, "4.1.1", ReportedAction::delayed)},
      {"about us", told("ann@a.example", "550 5.1.1 <app@shop.example>: user unknown")},
      {"forwarded", told("x@elsewhere.example", unknown_user)},
      {"code alone", told("ann@a.example", "550 5.1.1 Administrative prohibition")},
  };
  for (const Row& row : rows) {
    const auto found =
        findings(bounce({row.recipient}), reference(Reach::recipient), sent_to({"ann@a.example"}));
    ASSERT_EQ(found.size(), 1u) << row.why;
    EXPECT_FALSE(found[0].condemns || found[0].cause.suppress) << row.why;
    EXPECT_EQ(found[0].recipient, "ann@a.example") << row.why;
  }
}

TEST(Meaning, a_delay_is_no_failure_and_a_delivery_is_nothing) {
  const auto late = findings(
      bounce({told("ann@a.example", "451 4.4.1 No answer", "4.4.1", ReportedAction::delayed)}),
      reference(Reach::recipient), sent_to({"ann@a.example"}));
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].kind, EventKind::late_delayed);
  for (ReportedAction action :
       {ReportedAction::delivered, ReportedAction::relayed, ReportedAction::expanded})
    EXPECT_TRUE(findings(bounce({told("ann@a.example", "250 ok", "2.0.0", action)}),
                         reference(Reach::recipient), sent_to({"ann@a.example"}))
                    .empty());
}

TEST(Meaning, whoever_got_one_recipients_mail_cannot_speak_for_another) {
  const SentMessage sent = sent_to({"ann@a.example", "bob@a.example", "eve@e.example"});
  const Incoming of_eve = bounce({told("eve@e.example", unknown_user)});
  EXPECT_TRUE(findings(of_eve, reference(Reach::domain, 0), sent).empty());
  const auto by_any = findings(of_eve, reference(Reach::message, 0), sent);
  ASSERT_EQ(by_any.size(), 1u) << "it may be eve's server that says so, or ann's";
  EXPECT_EQ(by_any[0].recipient, "eve@e.example");
  EXPECT_FALSE(by_any[0].condemns || by_any[0].cause.suppress);
  EXPECT_FALSE(is_left_to_people(by_any[0]));
  const auto by_ann = findings(of_eve, reference(Reach::recipient, 0), sent);
  ASSERT_EQ(by_ann.size(), 1u) << "it is ann's that went on to eve";
  EXPECT_EQ(by_ann[0].recipient, "ann@a.example");
  EXPECT_FALSE(by_ann[0].condemns);
  EXPECT_TRUE(findings(of_eve, reference(Reach::recipient, 9), sent).empty()) << "no such number";
}

TEST(Meaning, of_several_each_is_found_by_its_address) {
  const SentMessage sent = sent_to({"ann@a.example", "bob@a.example", "cy@a.example"});
  const auto found = findings(bounce({told("bob@a.example", unknown_user),
                                      told("cy@a.example", "552 5.2.2 over quota", "5.2.2"),
                                      told("bob@a.example", unknown_user)}),
                              reference(Reach::domain, 0), sent);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].recipient, "bob@a.example");
  EXPECT_FALSE(found[0].condemns) << "ann and cy have that address, too, and can write it";
  EXPECT_EQ(found[1].recipient, "cy@a.example");
  EXPECT_FALSE(found[1].condemns);
}

TEST(Meaning, a_notice_that_may_mean_another_condemns_nobody) {
  using bounces::Source;
  const auto condemned = [](bounces::Recipient recipient, const auto& change) {
    Incoming incoming = bounce({std::move(recipient)});
    change(incoming);
    const auto found = findings(incoming, reference(Reach::recipient), sent_to({"ann@a.example"}));
    EXPECT_EQ(found.size(), 1u);
    EXPECT_EQ(found.front().recipient, "ann@a.example");
    return found.front().condemns || found.front().cause.suppress;
  };
  const auto by = [](Source source, std::string reply = unknown_user) {
    bounces::Recipient recipient = told("ann@a.example", std::move(reply));
    recipient.source = source;
    return recipient;
  };
  const auto as_it_is = [](Incoming&) {};
  const auto naming = [](std::string address) {
    return [address](Incoming& incoming) { incoming.mentioned.push_back(address); };
  };
  EXPECT_TRUE(condemned(by(Source::words), naming("Ann@a.example")));
  EXPECT_TRUE(condemned(by(Source::words), naming("app@shop.example"))) << "who sent it";
  EXPECT_TRUE(condemned(by(Source::words), naming("postmaster@b.example"))) << "whom to ask";
  EXPECT_FALSE(condemned(by(Source::words), naming("ann.private@b.example")));
  EXPECT_TRUE(condemned(by(Source::fields), naming("help@b.example")));
  EXPECT_FALSE(condemned(by(Source::nothing), as_it_is));
  EXPECT_FALSE(condemned(by(Source::fields), [](Incoming& one) { one.was_passed_on = true; }));
  EXPECT_FALSE(condemned(by(Source::fields), [](Incoming& one) {
    one.recipients.push_back(told("ann.private@b.example", unknown_user));
  }));
  EXPECT_FALSE(condemned(told("", unknown_user), as_it_is));
  EXPECT_TRUE(condemned(by(Source::fields, "550 5.1.1 <ann@a.example>: User unknown"), as_it_is));
  for (const char* reply :
       {"550 5.1.1 <member@b.example>: Recipient address rejected: User unknown",
        "550 5.1.1 hello@brand.example: user unknown",
        "550 5.1.1 <ann@a.example> User unknown; please retry in 300 seconds",
        "550 5.1.1 <ann@a.example>: User unknown (LDAP lookup timed out)"})
    EXPECT_FALSE(condemned(by(Source::fields, reply), as_it_is)) << reply;
}

TEST(Meaning, a_notice_without_an_address_is_about_whom_it_was_sent_for) {
  const SentMessage sent = sent_to({"ann@a.example", "bob@a.example"});
  const Incoming unnamed = bounce({told("", unknown_user)});
  const auto found = findings(unnamed, reference(Reach::recipient, 1), sent);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].recipient, "bob@a.example");
  EXPECT_FALSE(found[0].condemns || found[0].cause.suppress);
  EXPECT_TRUE(findings(unnamed, reference(Reach::domain, 0), sent).empty());
}

TEST(Meaning, a_complaint_condemns_and_a_report_of_no_spam_does_not) {
  const SentMessage sent = sent_to({"ann@a.example", "bob@a.example"});
  const auto found =
      findings(complaint("abuse", {"bob@a.example"}), reference(Reach::recipient, 1), sent);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, EventKind::complained);
  EXPECT_EQ(found[0].recipient, "bob@a.example");
  EXPECT_TRUE(found[0].condemns && found[0].cause.suppress);
  EXPECT_FALSE(is_left_to_people(found[0]));
  for (const char* type : {"not-spam", "auth-failure", "dmarc", "virus"})
    EXPECT_TRUE(
        findings(complaint(type, {"bob@a.example"}), reference(Reach::recipient, 1), sent).empty());
}

// A Message-ID can be known to anybody, and a reference to several to each of them.
TEST(Meaning, a_complaint_that_proves_nothing_is_told_and_condemns_nobody) {
  const SentMessage sent = sent_to({"ann@a.example"});
  EXPECT_TRUE(findings(complaint("abuse", {"redacted@a.example"}), std::nullopt, sent).empty());
  for (const std::optional<Reference>& known :
       {std::optional<Reference>(), std::optional(reference(Reach::domain)),
        std::optional(reference(Reach::message))}) {
    const auto found = findings(complaint("abuse", {"ann@a.example"}), known, sent);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].kind, EventKind::complained);
    EXPECT_FALSE(found[0].condemns || found[0].cause.suppress);
    EXPECT_TRUE(is_left_to_people(found[0]));
  }
  EXPECT_EQ(findings(complaint("abuse", {"redacted"}), reference(Reach::message), sent).size(), 1u);
}

TEST(Meaning, an_automatic_answer_condemns_nobody) {
  Incoming away;
  away.kind = Kind::auto_reply;
  away.auto_reply = message::AutoReply{"ann@a.example", "Auto-Submitted: auto-replied"};
  const auto found = findings(away, reference(Reach::recipient), sent_to({"ann@a.example"}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, EventKind::auto_replied);
  EXPECT_FALSE(found[0].condemns);
}

TEST(Meaning, a_letter_names_the_message_that_it_unsubscribes_from) {
  const auto letter = read_letter(
      "From: Ann <ann@a.example>\r\nSubject: leave\r\n <m1@shop.example>\r\n\r\n<no@x>");
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->from, "ann@a.example");
  EXPECT_EQ(letter->message_id, "<m1@shop.example>");
  EXPECT_FALSE(read_letter("From: ann@a.example\r\nSubject: leave\r\n\r\n<m1@shop.example>"));
  EXPECT_FALSE(read_letter("Subject: <open\r\n\r\n"));
  EXPECT_FALSE(read_letter(""));
}

// A Message-ID can be guessed, and anybody can write in the name of another.
TEST(Meaning, a_letter_that_names_a_message_is_told_and_left_to_people) {
  const SentMessage one = sent_to({"ann@a.example"});
  const auto ann = unsubscription_of({"Ann@A.example", "<m>"}, one);
  ASSERT_TRUE(ann);
  EXPECT_EQ(ann->recipient, "ann@a.example");
  EXPECT_EQ(ann->kind, EventKind::unsubscribed);
  EXPECT_FALSE(ann->condemns || ann->cause.suppress);
  EXPECT_TRUE(is_left_to_people(*ann));
  EXPECT_FALSE(
      unsubscription_of({"eve@e.example", "<m>"}, sent_to({"ann@a.example", "bob@a.example"})));
  EXPECT_FALSE(unsubscription_of({"", "<m>"}, sent_to({"ann@a.example", "bob@a.example"})));
}

TEST(Meaning, a_complaint_that_was_passed_on_is_left_to_people) {
  Incoming incoming = complaint("abuse", {});
  incoming.was_passed_on = true;
  const auto found = findings(incoming, reference(Reach::recipient), sent_to({"ann@a.example"}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(is_left_to_people(found[0]));
}

TEST(Meaning, an_address_of_its_own_unsubscribes_one_recipient_whoever_writes) {
  const auto bob = unsubscription_of(reference(Reach::recipient, 1),
                                     sent_to({"ann@a.example", "bob@a.example"}));
  ASSERT_TRUE(bob);
  EXPECT_EQ(bob->recipient, "bob@a.example");
  EXPECT_EQ(bob->kind, EventKind::unsubscribed);
  EXPECT_TRUE(bob->condemns && bob->cause.suppress);
  EXPECT_FALSE(is_left_to_people(*bob));
  EXPECT_FALSE(unsubscription_of(reference(Reach::recipient, 2), sent_to({"ann@a.example"})));
  EXPECT_FALSE(unsubscription_of(reference(Reach::message), sent_to({"ann@a.example"})));
}

// All who got it know its Message-ID, and anybody can write in the name of another.
TEST(Meaning, a_letter_that_proves_nothing_is_left_to_people) {
  const SentMessage two = sent_to({"ann@a.example", "bob@a.example"});
  const auto bob = unsubscription_of({"Bob@A.example", "<m>"}, two);
  ASSERT_TRUE(bob);
  EXPECT_EQ(bob->recipient, "bob@a.example");
  EXPECT_EQ(bob->kind, EventKind::unsubscribed);
  EXPECT_FALSE(bob->condemns || bob->cause.suppress);
  EXPECT_TRUE(is_left_to_people(*bob));
  const auto only = unsubscription_of({"anns.other@b.example", "<m>"}, sent_to({"ann@a.example"}));
  ASSERT_TRUE(only);
  EXPECT_EQ(only->recipient, "ann@a.example");
  EXPECT_FALSE(only->condemns || only->cause.suppress);
}

}  // namespace
}  // namespace waypost::returns
