#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "domains/domain_store.h"
#include "intake/intake.h"
#include "intake/signing_stage.h"
#include "io/memory_disk.h"
#include "mailauth/dkim_record.h"
#include "mailauth/dkim_verify.h"
#include "tests/fakes/recording_sink.h"
#include "tests/fakes/virtual_loop.h"
#include "tests/unit/intake/scripted_spool.h"

namespace waypost::intake {
namespace {

using mailauth::DkimStatus;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

const WallTime made_at = *base::parse_rfc3339("2026-11-21T12:00:00.000000Z");

// shop.example signs with two keys, new.example has one that is not published yet. One for all
// tests: making keys takes time.
struct Keys {
  Keys() {
    EXPECT_TRUE(disk.make_folders("/keys", 0700));
    domains::DomainStore store(disk, "/keys");
    domains::SendingDomain shop;
    shop.domain = "shop.example";
    for (auto [selector, type] :
         {std::pair("e1", domains::KeyType::ed25519), std::pair("r1", domains::KeyType::rsa)}) {
      EXPECT_TRUE(store.make_key(shop, selector, type, made_at));
      EXPECT_TRUE(domains::start_signing(shop, selector, made_at));
      auto key = store.load_key(shop, *shop.find(selector));
      answers[mailauth::dkim_record_name(selector, "shop.example")] = {
          mailauth::KeyAnswer::Outcome::found, {mailauth::dkim_record_text(*key)}, ""};
    }
    EXPECT_TRUE(store.store(shop));
    domains::SendingDomain fresh;
    fresh.domain = "new.example";
    EXPECT_TRUE(store.make_key(fresh, "n1", domains::KeyType::ed25519, made_at));
    auto key = store.load_key(fresh, *fresh.find("n1"));
    answers[mailauth::dkim_record_name("n1", "new.example")] = {
        mailauth::KeyAnswer::Outcome::found, {mailauth::dkim_record_text(*key)}, ""};
    signers = domains::load_signers(disk, {"/keys", {}, {}}, nullptr).signers;
  }

  io::MemoryDisk disk{1};
  mailauth::KeyAnswers answers;
  std::shared_ptr<const domains::Signers> signers;
};

const Keys& keys() {
  static const Keys made;
  return made;
}

class SigningTest : public testing::Test {
 protected:
  SigningTest() {
    limits_.signing.signers = keys().signers;
    submitter_.client = {IpAddress::v4({192, 0, 2, 7}), 50122};
  }

  WallTime now() { return loop_.wall_now(); }

  // What the spool has, or what the client was told.
  std::string sent(const std::string& message, const std::string& sender_domain = "shop.example",
                   size_t piece = 1000) {
    Services services{loop_, spool_, sink_, {}, {}, {}};
    services.unsigned_mail = [this](const std::string& domain, const std::string& trouble) {
      warnings_.push_back(domain + ": " + trouble);
    };
    Intake intake(std::move(services), limits_, "relay.example.net");
    smtp::MailArguments mail;
    mail.sender = smtp::Mailbox{"me", sender_domain};
    mail.smtputf8 = true;
    auto arrival = intake.start(submitter_, std::move(mail));
    EXPECT_FALSE(arrival->add_recipient({"you", "example.net"}));
    for (size_t at = 0; at < message.size(); at += piece) {
      io::TaskGroup group;
      group.start(arrival->add(message.substr(at, piece)));
      loop_.settle();
    }
    auto outcome = loop_.run(arrival->finish());
    return outcome ? spool_.messages.at(*outcome) : outcome.error().text();
  }

  std::vector<mailauth::DkimResult> verify(const std::string& message) {
    const message::HeaderBlock block = message::scan_header_block(message);
    mailauth::DkimVerifier verifier(message, block, now());
    verifier.add_body(std::string_view(message).substr(block.body_offset));
    verifier.finish_body();
    return verifier.judge(keys().answers);
  }
  void expect_two_good_signatures(const std::string& message) {
    const auto results = verify(message);
    ASSERT_EQ(results.size(), 2u) << message.substr(0, 2000);
    for (const auto& result : results) {
      EXPECT_EQ(result.status, DkimStatus::pass) << result.reason;
      EXPECT_EQ(result.domain, "shop.example");
    }
  }
  SigningChoice choice(const std::string& header, const std::string& sender_domain) {
    const message::HeaderBlock block = message::scan_header_block(header);
    const std::optional<smtp::Mailbox> sender = smtp::Mailbox{"me", sender_domain};
    return choose_signer(*limits_.signing.signers, block, {sender, submitter_.sender_domains});
  }

  fakes::VirtualLoop loop_;
  ScriptedSpool spool_;
  fakes::RecordingSink sink_;
  Limits limits_;
  Submitter submitter_;
  std::vector<std::string> warnings_;
};

const std::string body = "Hello  Bob \r\n\r\nBye\r\n";

TEST_F(SigningTest, signs_with_both_keys_and_seals_the_fields_that_it_adds) {
  const std::string stored = sent("From: Ann <ann@shop.example>\r\nSubject: x\r\n\r\n" + body);
  EXPECT_THAT(stored, StartsWith("DKIM-Signature: "));
  expect_two_good_signatures(stored);
  for (const char* ours : {"Message-ID: <", "Date: "}) {
    std::string changed = stored;
    ASSERT_NE(changed.find(ours), std::string::npos);
    changed.insert(changed.find(ours) + std::string(ours).size(), "0");
    for (const auto& result : verify(changed)) EXPECT_EQ(result.status, DkimStatus::fail) << ours;
  }
  EXPECT_EQ(sink_.events.at(0).signed_by, "shop.example");
  EXPECT_THAT(sink_.events.at(0).signing_trouble, IsEmpty());
}

TEST_F(SigningTest, signs_a_message_of_many_chunks_while_it_streams_by) {
  std::string message = "From: ann@shop.example\r\nBcc: carl@example.net\r\n\r\n";
  while (message.size() < 3 * spool::chunk_octets_max)
    message += "line " + std::to_string(message.size()) + "  \r\n";
  const std::string stored = sent(message, "shop.example", 70'001);
  EXPECT_THAT(stored, Not(HasSubstr("Bcc")));
  expect_two_good_signatures(stored);
  EXPECT_LE(spool_.largest_chunk, spool::chunk_octets_max);
  // The date was signed with the first chunk, whenever the rest came.
  EXPECT_THAT(stored, HasSubstr("Date: "));
}

TEST_F(SigningTest, a_reload_changes_nothing_of_what_is_arriving) {
  Intake intake(Services{loop_, spool_, sink_, {}, {}, {}}, limits_, "relay.example.net");
  smtp::MailArguments mail;
  mail.sender = smtp::Mailbox{"me", "shop.example"};
  auto arrival = intake.start(submitter_, std::move(mail));
  EXPECT_FALSE(arrival->add_recipient({"you", "example.net"}));
  io::TaskGroup group;
  group.start(
      arrival->add("From: ann@shop.example\r\n\r\n" + std::string(spool::chunk_octets_max, 'x')));
  loop_.settle();
  intake.reconfigure(limits_, "renamed.example.net");
  auto outcome = loop_.run(arrival->finish());
  ASSERT_TRUE(outcome) << outcome.error().text();
  const std::string& stored = spool_.messages.at(*outcome);
  EXPECT_THAT(stored, Not(HasSubstr("renamed.example.net")));
  expect_two_good_signatures(stored);
}

TEST_F(SigningTest, signs_what_is_beyond_ascii_and_mail_below_the_domain) {
  expect_two_good_signatures(
      sent("From: \xc3\x84nn <\xc3\xa4nn@News.Shop.Example>\r\nSubject: "
           "\xc3\xbc\r\n\r\n\xe2\x82\xac\r\n"));
}

TEST_F(SigningTest, leaves_mail_of_strangers_alone) {
  submitter_.stranger = true;
  limits_.signing.unsigned_mail = UnsignedMail::refuse;
  EXPECT_THAT(sent("From: ann@shop.example\r\n\r\nx\r\n"), StartsWith("Received: "));
}

TEST_F(SigningTest, signs_for_nobody_as_whom_the_login_may_not_send) {
  submitter_.sender_domains = {"other.example"};
  limits_.signing.unsigned_mail = UnsignedMail::warn;
  const std::string message = "From: ann@shop.example\r\n\r\nx\r\n";
  EXPECT_THAT(sent(message, "other.example"), StartsWith("Received: "));
  EXPECT_THAT(sink_.events.back().signing_trouble, HasSubstr("may not send as shop.example"));
  EXPECT_EQ(choice(message, "shop.example").plan, nullptr) << "nor for the envelope's sender";
  submitter_.sender_domains = {"other.example", "*.example"};
  expect_two_good_signatures(sent(message, "other.example"));
}

TEST_F(SigningTest, signs_for_no_restricted_login_what_names_no_domain_or_two) {
  submitter_.sender_domains = {"shop.example"};
  for (const char* from :
       {"From: a@shop.example, b@x.example\r\n", "From: a@shop.example\r\nFrom: b@x.example\r\n",
        "From: <b@x.example\r\n", "From: b\r\n"}) {
    const auto restricted = choice(std::string(from) + "\r\n", "shop.example");
    EXPECT_EQ(restricted.plan, nullptr) << from;
    EXPECT_EQ(restricted.standing, SigningStanding::none) << from;
    EXPECT_THAT(restricted.trouble, Not(IsEmpty())) << from;
  }
  submitter_.sender_domains.reset();
  const auto free = choice("From: a@shop.example, b@x.example\r\n\r\n", "shop.example");
  EXPECT_NE(free.plan, nullptr);
}

TEST_F(SigningTest, unsigned_mail_is_taken_warned_about_or_refused_with_what_helps) {
  const std::string message = "From: ann@other.example\r\n\r\nx\r\n";
  EXPECT_THAT(sent(message, "other.example"), StartsWith("Received: "));
  EXPECT_THAT(warnings_, IsEmpty());

  limits_.signing.unsigned_mail = UnsignedMail::warn;
  EXPECT_THAT(sent(message, "other.example"), StartsWith("Received: "));
  EXPECT_THAT(warnings_, testing::ElementsAre(HasSubstr("waypost domains add other.example")));
  EXPECT_EQ("other.example: " + sink_.events.back().signing_trouble, warnings_.back());

  limits_.signing.unsigned_mail = UnsignedMail::refuse;
  EXPECT_THAT(sent(message, "other.example"),
              testing::AllOf(StartsWith("550 5.7.20 Mail from other.example is not signed"),
                             HasSubstr("waypost domains add other.example")));
  EXPECT_THAT(sent("From: ann@new.example\r\n\r\nx\r\n", "new.example"),
              testing::AllOf(HasSubstr("publish its record n1._domainkey.new.example"),
                             HasSubstr("n1._domainkey.new.example TXT v=DKIM1; k=ed25519; p=")));
  expect_two_good_signatures(sent("From: ann@shop.example\r\n\r\nx\r\n"));
}

TEST_F(SigningTest, what_is_to_be_held_is_taken_and_says_why) {
  limits_.signing.unsigned_mail = UnsignedMail::hold;
  EXPECT_THAT(sent("From: ann@other.example\r\n\r\nx\r\n", "other.example"),
              StartsWith("Received: "));
  EXPECT_THAT(spool_.last_held_because,
              testing::AllOf(HasSubstr("waypost domains add other.example"),
                             HasSubstr("let go, it is sent as it is")));
  EXPECT_THAT(sink_.events.back().signing_trouble, HasSubstr("is not signed"));
  EXPECT_THAT(warnings_, testing::SizeIs(1));
  expect_two_good_signatures(sent("From: ann@shop.example\r\n\r\nx\r\n"));
  EXPECT_THAT(spool_.last_held_because, IsEmpty());
}

// Once its record is there, what was held passes.
TEST_F(SigningTest, what_waits_for_a_record_is_signed_with_its_key) {
  const std::string message = "From: ann@new.example\r\n\r\nx\r\n";
  EXPECT_THAT(sent(message, "new.example"), StartsWith("Received: "));
  limits_.signing.unsigned_mail = UnsignedMail::hold;
  limits_.signing.unaligned_mail = UnsignedMail::hold;
  for (const char* sender_domain : {"new.example", "shop.example"}) {
    const auto results = verify(sent(message, sender_domain));
    ASSERT_EQ(results.size(), 1u);
    EXPECT_EQ(results[0].status, DkimStatus::pass) << results[0].reason;
    EXPECT_EQ(results[0].domain, "new.example");
    EXPECT_THAT(spool_.last_held_because,
                testing::AllOf(HasSubstr("publish its record n1._domainkey.new.example"),
                               HasSubstr("it is signed with that key already")));
    EXPECT_EQ(sink_.events.back().signed_by, "new.example");
  }
  const auto below = verify(sent("From: ann@news.new.example\r\n\r\nx\r\n", "new.example"));
  ASSERT_EQ(below.size(), 1u);
  EXPECT_EQ(below[0].status, DkimStatus::pass) << below[0].reason;
  EXPECT_THAT(spool_.last_held_because, HasSubstr("`waypost domains verify new.example`"));
  submitter_.sender_domains = {"other.example"};
  EXPECT_THAT(verify(sent(message, "new.example")), IsEmpty());
  EXPECT_THAT(spool_.last_held_because, HasSubstr("may not send as new.example"));
}

TEST_F(SigningTest, mail_whose_keys_cannot_be_read_is_refused_for_now) {
  io::MemoryDisk disk(1);
  ASSERT_TRUE(disk.make_folders("/keys", 0700));
  domains::DomainStore store(disk, "/keys");
  domains::SendingDomain shop;
  shop.domain = "shop.example";
  ASSERT_TRUE(store.make_key(shop, "e1", domains::KeyType::ed25519, made_at));
  ASSERT_TRUE(domains::start_signing(shop, "e1", made_at));
  ASSERT_TRUE(store.store(shop));
  ASSERT_TRUE(disk.write_file("/keys/shop.example/e1.pem", "rubbish", 0600));
  limits_.signing.signers = domains::load_signers(disk, {"/keys", {}, {}}, nullptr).signers;
  limits_.signing.unsigned_mail = UnsignedMail::refuse;
  const std::string refusal = sent("From: ann@news.shop.example\r\n\r\nx\r\n");
  EXPECT_THAT(refusal, StartsWith("451 4.7.5 Mail from news.shop.example is not signed"));
  EXPECT_THAT(refusal, HasSubstr("its keys cannot be read"));
  EXPECT_THAT(refusal, Not(HasSubstr("domains add")));
  limits_.signing.unsigned_mail = UnsignedMail::hold;
  EXPECT_EQ(sent("From: ann@news.shop.example\r\n\r\nx\r\n"), refusal)
      << "what is held is not signed later";
  limits_.signing.unsigned_mail = UnsignedMail::refuse;
  EXPECT_THAT(sent("From: ann@other.example\r\n\r\nx\r\n"), StartsWith("550 5.7.20"));
}

TEST_F(SigningTest, a_refused_message_of_many_chunks_stores_nothing) {
  limits_.signing.unsigned_mail = UnsignedMail::refuse;
  std::string message = "From: ann@other.example\r\n\r\n";
  message.resize(2 * spool::chunk_octets_max, 'x');
  EXPECT_THAT(sent(message, "other.example", 70'001), StartsWith("550 5.7.20"));
  EXPECT_THAT(spool_.arriving, IsEmpty());
}

TEST_F(SigningTest, another_domain_that_signs_alone_is_not_aligned) {
  limits_.signing.unaligned_mail = UnsignedMail::warn;
  const std::string message = "From: ann@other.example\r\n\r\nx\r\n";
  expect_two_good_signatures(sent(message, "bounces.shop.example"));
  EXPECT_THAT(sink_.events.back().signing_trouble,
              HasSubstr("signed by shop.example alone, which DMARC does not count"));
  limits_.signing.unaligned_mail = UnsignedMail::refuse;
  EXPECT_THAT(sent(message, "bounces.shop.example"), StartsWith("550 5.7.22"));
}

TEST_F(SigningTest, knows_who_signed_before) {
  const std::string signature =
      "DKIM-Signature: v=1; a=rsa-sha256; d=mail.other.example; s=x; h=from;\r\n b=YQ==; bh=" +
      std::string(43, 'A') + "=\r\n";
  auto aligned = choice(signature + "From: a@other.example\r\n\r\n", "x.example");
  EXPECT_EQ(aligned.standing, SigningStanding::aligned);
  EXPECT_EQ(aligned.plan, nullptr);
  auto unaligned = choice(signature + "From: a@third.example\r\n\r\n", "x.example");
  EXPECT_EQ(unaligned.standing, SigningStanding::unaligned);
  EXPECT_THAT(unaligned.trouble, HasSubstr("signed by another domain alone"));
}

// d=mail.shop.example for From news.shop.example is relaxed alignment, where shop.example is an
// organization's; news.co.example for shop.co.example would not be.
TEST_F(SigningTest, refuses_nothing_that_a_domain_beside_it_signs) {
  limits_.signing.unaligned_mail = UnsignedMail::refuse;
  const auto signed_by = [](std::string_view domain) {
    return "DKIM-Signature: v=1; a=rsa-sha256; d=" + std::string(domain) +
           "; s=x; h=from;\r\n b=YQ==; bh=" + std::string(43, 'A') + "=\r\n";
  };
  const std::string rest = "From: a@news.other.example\r\n\r\n";
  const auto beside = choice(signed_by("mail.other.example") + rest, "x.example");
  EXPECT_EQ(beside.standing, SigningStanding::related);
  EXPECT_EQ(fate_of(beside, limits_.signing), UnsignedMail::warn);
  EXPECT_THAT(beside.trouble, Not(HasSubstr("DMARC does not count")));
  EXPECT_THAT(sent(signed_by("mail.other.example") + rest, "x.example"), HasSubstr("Received: "));
  // The best of several counts, and a top-level domain for nothing.
  const std::string far = signed_by("esp.third.example");
  EXPECT_EQ(choice(far + signed_by("mail.other.example") + rest, "x.example").standing,
            SigningStanding::related);
  EXPECT_EQ(choice(signed_by("mail.other.example") + signed_by("other.example") + rest, "x.example")
                .standing,
            SigningStanding::aligned);
  EXPECT_EQ(choice(signed_by("example") + rest, "x.example").standing, SigningStanding::unaligned);
  limits_.signing.unaligned_mail = UnsignedMail::accept;
  EXPECT_EQ(fate_of(beside, limits_.signing), UnsignedMail::accept);
}

TEST_F(SigningTest, a_from_field_that_names_no_domain_or_two_is_told) {
  const auto trouble = [&](const std::string& header) {
    auto chosen = choice(header + "\r\nx", "third.example");
    EXPECT_EQ(chosen.plan, nullptr);
    EXPECT_EQ(chosen.standing, SigningStanding::none);
    return chosen.trouble;
  };
  EXPECT_THAT(trouble("To: x@y.example\r\n"), HasSubstr("no From field"));
  EXPECT_THAT(trouble("From: a@shop.example\r\nFrom: b@x.example\r\n"), HasSubstr("more than one"));
  EXPECT_THAT(trouble("From: a@shop.example, b@x.example\r\n"), HasSubstr("names two domains"));
  EXPECT_THAT(trouble("From: ann\r\n"), HasSubstr("without a domain"));
  EXPECT_THAT(trouble("From: <a@b\r\n"), HasSubstr("no address that can be read"));
  EXPECT_EQ(choice("From: a@shop.example, b@SHOP.example\r\n\r\n", "x.example").standing,
            SigningStanding::aligned);
}

}  // namespace
}  // namespace waypost::intake
