#include "classify/classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/classify/small_book.h"

namespace waypost::classify {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// A book, and who reads by it.
struct Library {
  explicit Library(const std::vector<std::string>& shipped, size_t remembered = 100)
      : book(book_of(shipped)), classifier(book), reader(classifier, remembered) {}

  Reading read(std::string_view text, std::string_view provider = {}) {
    return reader.read({text, provider, std::nullopt, {}, {}});
  }
  std::string rule(std::string_view text, std::string_view provider = {}) {
    return read(text, provider).rule_id();
  }

  RuleBook book;
  Classifier classifier;
  Reader reader;
};

const std::string codes =
    "[[enhanced]]\ncode = 'x.1.1'\nclass = 'recipient-unknown'\nmeaning = 'm'\nsource = 's'\n"
    "[[enhanced]]\ncode = 'x.2.1'\nclass = { 4 = 'mailbox-unavailable', 5 = 'recipient-disabled' }"
    "\nmeaning = 'm'\nsource = 's'\n"
    "[[enhanced]]\ncode = 'x.7.1'\nmeaning = 'm'\nsource = 's'\n"
    "[[enhanced]]\ncode = 'x.1.0'\nclass = 'unknown'\nmeaning = 'm'\nsource = 's'\n"
    "[[reply]]\ncode = '552'\nclass = 'mailbox-full'\nmeaning = 'm'\nsource = 's'\n"
    "[[reply]]\ncode = '421'\nclass = 'system-error'\nmeaning = 'm'\nsource = 's'\n";

std::string acme(std::string_view more) {
  return "[provider]\nid = 'acme'\nname = 'Acme Mail'\naliases = ['Coyote']\n"
         "mx = ['*.acme.example']\ntext = ['- acmesmtp']\n" +
         std::string(more);
}

TEST(Classifier, lets_the_class_decide_before_the_length_of_what_was_found) {
  Library library({rule_text("a", "mailbox-unavailable", "match = ['mailbox is unavailable']") +
                   rule_text("b", "blocklisted-ip", "match = ['listed']")});
  Reading reading = library.read("550 Mailbox is unavailable. You are listed");
  EXPECT_EQ(reading.rule_id(), "b");
  EXPECT_EQ(reading.reply_class, ReplyClass::blocklisted_ip);
  EXPECT_THAT(reading.alternatives, ElementsAre(ReplyClass::mailbox_unavailable));
}

TEST(Classifier, lets_rank_settle_a_conflict) {
  std::string low = rule_text("a", "mailbox-unavailable", "match = ['no']\nrank = 20");
  EXPECT_EQ(Library({low + rule_text("b", "recipient-unknown", "match = ['no']")}).rule("no"), "a");
  EXPECT_EQ(
      Library({low + rule_text("b", "recipient-unknown", "match = ['no']\nrank = 10")}).rule("no"),
      "b");
}

TEST(Classifier, takes_the_longer_evidence_then_the_first_id_among_equals) {
  Library library({rule_text("c", "policy", "match = ['denied']") +
                   rule_text("b", "policy", "match = ['access denied', 'access']") +
                   rule_text("a", "policy", "match = ['access']")});
  EXPECT_EQ(library.rule("access denied"), "b");
  EXPECT_EQ(library.rule("no access"), "a");
  EXPECT_EQ(library.rule("denied"), "c");
}

TEST(Classifier, prefers_a_provider_most_of_all_the_one_that_speaks) {
  Library library({acme(rule_text("acme-full", "mailbox-full", "match = ['full']") +
                        rule_text("acme-any", "policy", "match = ['odd']\nanywhere = true")),
                   "[provider]\nid = 'other'\nname = 'Other'\n" +
                       rule_text("other-any", "policy", "match = ['odd']\nanywhere = true"),
                   rule_text("full", "malware", "match = ['full']") +
                       rule_text("odd", "malware", "match = ['odd']")});
  EXPECT_EQ(library.rule("full"), "full");
  EXPECT_EQ(library.rule("full", "acme"), "acme-full");
  EXPECT_EQ(library.rule("odd"), "acme-any");
  EXPECT_EQ(library.rule("odd", "other"), "other-any");
  EXPECT_EQ(library.rule("full", "other"), "full");
}

TEST(Classifier, lets_a_token_decide_whoever_said_it) {
  Library library({acme(rule_text("acme-token", "policy", "match = ['\\bac12\\b']\ntoken = true")),
                   "[provider]\nid = 'other'\nname = 'Other'\n" +
                       rule_text("other-virus", "malware", "match = ['virus']")});
  EXPECT_EQ(library.rule("virus ac12", "other"), "acme-token");
  EXPECT_EQ(library.rule("virus", "other"), "other-virus");
}

TEST(Classifier, asks_the_codes_last) {
  Library library({codes + rule_text("expired", "expired", "match = ['gave up']\nrank = -99")});
  EXPECT_EQ(library.rule("550 5.1.1 gave up"), "expired");
  EXPECT_THAT(library.read("550 5.1.1 gave up").alternatives,
              ElementsAre(ReplyClass::recipient_unknown));
  struct Case {
    std::string_view text, id;
    ReplyClass reply_class;
  };
  for (const Case& c : std::vector<Case>{
           {"550 5.1.1 x", "code-x.1.1", ReplyClass::recipient_unknown},
           {"552 5.1.1 x", "code-x.1.1", ReplyClass::recipient_unknown},
           {"552 5.7.1 x", "code-552", ReplyClass::mailbox_full},
           {"552 5.9.9 x", "code-552", ReplyClass::mailbox_full},
           {"552 5.1.0 x", "code-x.1.0", ReplyClass::unknown},
           {"450 4.2.1 x", "code-x.2.1", ReplyClass::mailbox_unavailable},
           {"550 5.2.1 x", "code-x.2.1", ReplyClass::recipient_disabled},
           {"421 x", "code-421", ReplyClass::system_error},
           {"599 x", "", ReplyClass::unknown},
           {"x", "", ReplyClass::unknown},
           {"", "", ReplyClass::unknown},
       }) {
    Reading reading = library.read(c.text);
    EXPECT_EQ(reading.rule_id(), c.id) << c.text;
    EXPECT_EQ(reading.reply_class, c.reply_class) << c.text;
    EXPECT_EQ(reading.rule, nullptr);
  }
}

TEST(Classifier, shows_the_code_that_decided_as_evidence) {
  Library library({codes});
  EXPECT_EQ(library.read("smtp55215 said: 552 5.1.1 x").evidence_text, "5.1.1");
  EXPECT_EQ(library.read("x5521 said: 552 5.9.9 x").evidence_text, "552");
  Reading reading = library.read("v5.1.12 said: 550 5.1.1 x");
  EXPECT_EQ(reading.evidence_text, "5.1.1");
  EXPECT_EQ(reading.evidence_start, 18u);
}

TEST(Classifier, holds_a_rule_to_all_of_its_conditions) {
  Library library(
      {acme(rule_text("acme-code", "policy", "enhanced = ['5.7.99']\ncode = ['554']")),
       rule_text("a", "mailbox-full",
                 "match = ['one', 'two']\nall = ['three', 'four']\nunless = ['five']") +
           rule_text("b", "policy", "all = ['six', 'seven']") +
           rule_text("c", "policy", "match = ['eight']\ncode = ['4xx', '550']") +
           rule_text("d", "policy", "match = ['nine']\nenhanced = ['x.7.1', '5.2.3']")});
  struct Case {
    std::string_view text, id;
  };
  for (const Case& c : std::vector<Case>{
           {"four two three", "a"},
           {"two three", ""},
           {"three four", ""},
           {"one three four five", ""},
           {"seven six", "b"},
           {"six", ""},
           {"seven", ""},
           {"421 eight", "c"},
           {"550 eight", "c"},
           {"551 eight", ""},
           {"eight", ""},
           {"450 4.7.1 nine", "d"},
           {"550 5.7.1 nine", "d"},
           {"550 5.2.3 nine", "d"},
           {"450 4.2.3 nine", ""},
           {"550 5.7.11 nine", ""},
           {"550 nine", ""},
           {"554 5.7.99 x", ""},
       })
    EXPECT_EQ(library.rule(c.text), c.id) << c.text;
  EXPECT_EQ(library.rule("554 5.7.99 x", "acme"), "acme-code");
  EXPECT_EQ(library.read("554 5.7.99 x", "acme").evidence_text, "5.7.99");
  EXPECT_EQ(library.rule("550 5.7.99 x", "acme"), "");
}

TEST(Classifier, holds_a_rule_to_its_phases) {
  Library library({rule_text("a", "policy", "match = ['no']\nphase = ['connect', 'greeting']")});
  auto rule_in = [&](std::optional<smtp::AttemptPhase> phase) {
    return library.reader.read({"no", {}, phase, {}, {}}).rule_id();
  };
  EXPECT_EQ(rule_in(smtp::AttemptPhase::greeting), "a");
  EXPECT_EQ(rule_in(smtp::AttemptPhase::connect), "a");
  EXPECT_EQ(rule_in(smtp::AttemptPhase::rcpt), "");
  EXPECT_EQ(rule_in(std::nullopt), "");
}

TEST(Classifier, knows_a_provider_by_any_of_its_names) {
  Library library({acme("")});
  const Provider* provider = library.book.provider("acme");
  for (const char* hint : {"acme", "ACME", "Acme Mail", "coyote", "mx1.acme.example",
                           "acme.example", " MX.a.Acme.Example. "})
    EXPECT_EQ(library.classifier.provider_named(hint), provider) << hint;
  for (const char* hint :
       {"", ".", "acm", "notacme.example", "example", "acme.example.org", "a..b"})
    EXPECT_EQ(library.classifier.provider_named(hint), nullptr) << hint;
}

TEST(Classifier, knows_who_speaks_by_hint_or_by_text) {
  Library library({acme(rule_text("acme-full", "mailbox-full", "match = ['full']") +
                        rule_text("acme-odd", "policy", "match = ['odd']\nanywhere = true")),
                   "[provider]\nid = 'other'\nname = 'Other'\ntext = ['othersmtp']\n"});
  struct Case {
    std::string_view text, hint, rule, provider;
  };
  for (const Case& c : std::vector<Case>{
           {"full", "mx.acme.example", "acme-full", "acme"},
           {"full - acmesmtp", "", "acme-full", "acme"},
           {"full", "", "", ""},
           {"full", "nobody", "", ""},
           {"x - acmesmtp", "", "", "acme"},
           {"odd", "", "acme-odd", "acme"},
           {"odd", "other", "acme-odd", "other"},
           {"full - acmesmtp othersmtp", "", "acme-full", "acme"},
           {"full - acmesmtp", "other", "acme-full", "other"},
       }) {
    Reading reading = library.read(c.text, c.hint);
    EXPECT_EQ(reading.rule_id(), c.rule) << c.text << "|" << c.hint;
    EXPECT_EQ(reading.provider ? reading.provider->id : "", c.provider) << c.text << "|" << c.hint;
  }
}

TEST(Classifier, condemns_only_by_the_class_and_the_rule_and_never_a_success) {
  Library library({codes + rule_text("gone", "recipient-unknown", "match = ['gone']") +
                   rule_text("maybe", "recipient-unknown", "match = ['maybe']\ncondemns = false") +
                   rule_text("full", "mailbox-full", "match = ['full']\ncondemns = true")});
  struct Case {
    std::string_view text;
    bool condemns;
  };
  for (const Case& c : std::vector<Case>{{"550 gone", true},
                                         {"450 gone", false},
                                         {"gone", true},
                                         {"250 gone", false},
                                         {"2.1.5 gone", false},
                                         {"550 maybe", false},
                                         {"550 full", false},
                                         {"550 5.1.1 x", false},
                                         {"535 gone", false},
                                         {"550 gone; please retry in 300 seconds", false},
                                         {"550 gone (LDAP lookup timed out)", false},
                                         {"550 Temporarily gone", false},
                                         {"250 2.1.1 x", false},
                                         {"421 x", false},
                                         {"x", false}})
    EXPECT_EQ(library.read(c.text).condemns, c.condemns) << c.text;
}

TEST(Classifier, never_condemns_what_quotes_our_own_names) {
  Library library({codes + rule_text("gone", "recipient-unknown", "match = ['unknown']") +
                   rule_text("any", "policy", "match = ['unknown']")});
  auto read = [&](std::string_view text) {
    return library.reader.read({text, {}, std::nullopt, "192.0.2.1", "Example.com"});
  };
  for (const char* text :
       {"550 5.1.1 unknown host 192.0.2.1", "550 5.1.1 mail.example.com unknown"}) {
    Reading reading = read(text);
    EXPECT_EQ(reading.rule_id(), "any") << text;
    EXPECT_FALSE(reading.condemns) << text;
    EXPECT_THAT(reading.alternatives, IsEmpty()) << text;
  }
  EXPECT_EQ(read("550 5.1.1 see example.com").reply_class, ReplyClass::unknown);
  EXPECT_EQ(read("550 5.1.1 see example.net").reply_class, ReplyClass::recipient_unknown);
  EXPECT_TRUE(read("550 5.1.1 192.0.2.2 unknown").condemns);
}

TEST(Classifier, condemns_nothing_that_was_said_before_a_recipient_was_named) {
  Library library(
      {rule_text("gone", "recipient-unknown", "match = ['gone']") +
       rule_text("guess", "recipient-unknown", "match = ['lost']\nconfidence = 'possible'")});
  using smtp::AttemptPhase;
  auto condemns = [&](std::string_view text, AttemptPhase phase) {
    return library.reader.read({text, {}, phase, {}, {}}).condemns;
  };
  for (AttemptPhase phase : {AttemptPhase::connect, AttemptPhase::greeting, AttemptPhase::hello,
                             AttemptPhase::tls, AttemptPhase::login, AttemptPhase::mail})
    EXPECT_FALSE(condemns("550 gone", phase)) << name(phase);
  for (AttemptPhase phase : {AttemptPhase::resolve, AttemptPhase::rcpt, AttemptPhase::content})
    EXPECT_TRUE(condemns("550 gone", phase)) << name(phase);
  EXPECT_TRUE(condemns("550 lost", AttemptPhase::rcpt));
  EXPECT_FALSE(condemns("550 lost", AttemptPhase::content));
  EXPECT_FALSE(
      library.read("host x.example said: 550 gone (in reply to MAIL FROM command)").condemns);
  EXPECT_TRUE(library.read("host x.example said: 550 gone (in reply to RCPT TO command)").condemns);
}

TEST(Classifier, names_at_most_three_other_readings_each_once) {
  Library library(
      {rule_text("a", "malware", "match = ['no']") +
       rule_text("b", "blocklisted-ip", "match = ['no']") +
       rule_text("b2", "blocklisted-ip", "match = ['no']\nrank = 1") +
       rule_text("c", "spf-fail", "match = ['no']") + rule_text("d", "no-ptr", "match = ['no']") +
       rule_text("e", "unknown", "match = ['no']") + rule_text("g", "bad-helo", "match = ['no']") +
       rule_text("f", "malware", "match = ['no']\nrank = -90")});
  EXPECT_THAT(library.read("no").alternatives,
              ElementsAre(ReplyClass::blocklisted_ip, ReplyClass::spf_fail, ReplyClass::no_ptr));
}

TEST(Classifier, says_what_the_server_stated) {
  Library library({rule_text("a", "policy", "match = ['no']\nconfidence = 'certain'")});
  Reading reading = library.read("550-5.7.1 No\r\n550 5.7.1 and no. Try again in 5 minutes");
  EXPECT_EQ(reading.reply_code, "550");
  EXPECT_EQ(reading.enhanced_code, "5.7.1");
  EXPECT_EQ(reading.disposition, Disposition::permanent);
  EXPECT_EQ(reading.confidence, Confidence::certain);
  EXPECT_EQ(reading.retry_after, 5min);
  EXPECT_EQ(library.read("4.7.1 no").disposition, Disposition::transient);
  EXPECT_EQ(library.read("550 4.7.1 no").disposition, Disposition::permanent);
  EXPECT_EQ(library.read("250 no").disposition, Disposition::not_stated);
  EXPECT_EQ(library.read("no").disposition, Disposition::not_stated);
  EXPECT_EQ(library.read("x").confidence, Confidence::possible);
}

TEST(Reader, shows_the_evidence_as_the_server_wrote_it) {
  Library library(
      {rule_text("a", "recipient-unknown", "match = ['<\\{addr\\}>: user unknown', 'unknown']")});
  const std::string text = "550-5.1.1 <Bob@Example.com>: User\r\n550 5.1.1 UNKNOWN here";
  Reading reading = library.read(text);
  EXPECT_EQ(reading.evidence_start, 10u);
  EXPECT_EQ(reading.evidence_end, text.size() - 5);
  EXPECT_EQ(reading.evidence_text, "<Bob@Example.com>: User\r\n550 5.1.1 UNKNOWN");
  EXPECT_EQ(reading.evidence_text.data(), text.data() + 10);
  EXPECT_EQ(library.reader.normal_text().text, "550 5.1.1 <{addr}>: user unknown here");
  EXPECT_EQ(library.read("x").evidence_text, "");
}

TEST(Reader, remembers_decisions_but_shows_each_text_its_own_evidence) {
  Library library({rule_text("a", "recipient-unknown", "match = ['<\\{addr\\}> unknown']")});
  Reading first = library.read("550 <bob@example.com> unknown (id 1234567)");
  Reading second = library.read("550  <ann.smith@example.org> Unknown (id 89)");
  EXPECT_EQ(first.rule, second.rule);
  EXPECT_EQ(first.evidence_text, "<bob@example.com> unknown");
  EXPECT_EQ(second.evidence_text, "<ann.smith@example.org> Unknown");
}

TEST(Reader, remembers_each_question_by_all_that_decides) {
  Library library({acme(rule_text("acme-gone", "recipient-unknown", "match = ['gone']")),
                   rule_text("early", "policy", "match = ['gone']\nphase = ['connect']")});
  const std::string text = "gone from example.com";
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(library.rule(text), "");
    EXPECT_EQ(library.rule(text, "acme"), "acme-gone");
    EXPECT_EQ(library.reader.read({text, {}, smtp::AttemptPhase::connect, {}, {}}).rule_id(),
              "early");
    EXPECT_EQ(library.reader.read({text, {}, smtp::AttemptPhase::rcpt, {}, {}}).rule_id(), "");
    EXPECT_EQ(library.reader.read({text, "acme", {}, {}, "example.com"}).rule_id(), "");
    EXPECT_EQ(library.reader.read({text, "acme", {}, {}, "example.net"}).rule_id(), "acme-gone");
  }
}

TEST(Reader, forgets_and_decides_anew_without_a_difference) {
  for (size_t remembered : {0u, 1u, 2u, 4u, 6u}) {
    Library library({rule_text("a", "policy", "match = ['[a-z] no', '[a-z] maybe']")}, remembered);
    for (int i = 0; i < 300; ++i) {
      std::string text{char('a' + i * i % 26), ' '};
      text += i % 3 == 0 ? "no" : i % 3 == 1 ? "maybe" : "yes";
      Reading reading = library.read(text, i % 2 == 0 ? "" : "x" + std::to_string(i));
      EXPECT_EQ(reading.rule_id(), i % 3 == 2 ? "" : "a") << text << " of " << remembered;
      EXPECT_EQ(reading.evidence_text, i % 3 == 2 ? "" : text) << text << " of " << remembered;
    }
  }
}

TEST(Reader, reads_any_octets) {
  Library library({codes + rule_text("a", "policy", "match = ['\\?+ no']")});
  EXPECT_EQ(library.read("550 \xff\xfe no").evidence_text, "\xff\xfe no");
  EXPECT_EQ(library.read(std::string("no\0no", 5)).rule, nullptr);
  std::string long_text = "550 5.1.1 " + std::string(100'000, 'x') + " \xff no";
  EXPECT_EQ(library.read(long_text).rule_id(), "code-x.1.1");
}

}  // namespace
}  // namespace waypost::classify
