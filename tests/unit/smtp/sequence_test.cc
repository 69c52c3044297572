#include "smtp/sequence.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::smtp {
namespace {

using testing::HasSubstr;

constexpr Phase phases[] = {Phase::connected, Phase::greeted, Phase::mail, Phase::rcpt,
                            Phase::chunks};

std::string refused(Phase phase, Facts facts, Verb verb) {
  const auto reply = refuse_out_of_sequence(phase, facts, verb);
  return reply ? reply->text() : "may run";
}

template <class Visit>
void for_every_cell(Visit visit) {
  for (Phase phase : phases)
    for (unsigned bits = 0; bits < 64; ++bits)
      for (size_t verb = 0; verb < verb_count; ++verb) {
        SCOPED_TRACE(std::string(name(Verb(verb))) + " in phase " + std::to_string(int(phase)) +
                     " with facts " + std::to_string(bits));
        visit(phase,
              Facts{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0,
                    (bits & 16) != 0, (bits & 32) != 0},
              Verb(verb));
      }
}

// The rules once more, as prose has them and not as the table does: the code to expect, 0 for none.
int expected_code(Phase phase, const Facts& facts, Verb verb) {
  const bool greeted = phase != Phase::connected;
  const bool transaction = phase > Phase::greeted;
  const bool may_secure = facts.tls_offered && !facts.tls_active;
  const bool stranger = facts.must_authenticate && !facts.authenticated;
  switch (verb) {
    case Verb::unknown:
      return 500;
    case Verb::expn:
      return 502;
    case Verb::ehlo:
    case Verb::helo:
    case Verb::rset:
    case Verb::noop:
    case Verb::quit:
    case Verb::help:
      return 0;
    case Verb::vrfy:
      return stranger ? 530 : 0;
    case Verb::starttls:
      if (!facts.tls_active && !facts.tls_offered) return 502;
      return facts.tls_active || !greeted || transaction ? 503 : 0;
    case Verb::auth:
      if (!facts.authenticated && !facts.auth_offered && !may_secure) return 502;
      if (!greeted || facts.authenticated) return 503;
      if (!facts.auth_offered) return 538;
      return transaction ? 503 : 0;
    case Verb::mail:
      if (!greeted) return 503;
      if (stranger) return 530;
      return transaction ? 503 : 0;
    case Verb::rcpt:
      if (!greeted) return 503;
      if (stranger) return 530;
      return transaction && phase != Phase::chunks ? 0 : 503;
    case Verb::bdat:
      if (!greeted) return 503;
      if (stranger) return 530;
      return phase == Phase::rcpt || phase == Phase::chunks ? 0 : 503;
    case Verb::xclient:
      if (!facts.xclient_offered) return 550;
      return transaction ? 503 : 0;
    case Verb::data:
      if (!greeted) return 503;
      if (stranger) return 530;
      return phase == Phase::rcpt ? 0 : 503;
  }
  return -1;
}

TEST(Sequence, holds_in_every_phase_for_all_facts_and_verbs) {
  for_every_cell([](Phase phase, const Facts& facts, Verb verb) {
    const auto reply = refuse_out_of_sequence(phase, facts, verb);
    EXPECT_EQ(reply ? reply->code : 0, expected_code(phase, facts, verb));
  });
}

TEST(Sequence, refuses_with_a_matching_enhanced_code_and_a_reason) {
  for_every_cell([](Phase phase, const Facts& facts, Verb verb) {
    const auto reply = refuse_out_of_sequence(phase, facts, verb);
    if (!reply) return;
    ASSERT_TRUE(reply->enhanced);
    const std::string expected = reply->code == 530   ? "5.7.0"
                                 : reply->code == 550 ? "5.7.0"
                                 : reply->code == 538 ? "5.7.11"
                                                      : "5.5.1";
    EXPECT_EQ(reply->enhanced->text(), expected);
    EXPECT_GT(reply->lines.front().size(), 10u);
  });
}

TEST(Sequence, never_lets_a_stranger_near_mail) {
  for_every_cell([](Phase phase, Facts facts, Verb verb) {
    facts.must_authenticate = true;
    facts.authenticated = false;
    if (verb == Verb::mail || verb == Verb::rcpt || verb == Verb::data || verb == Verb::vrfy ||
        verb == Verb::bdat) {
      EXPECT_TRUE(refuse_out_of_sequence(phase, facts, verb));
    }
  });
}

TEST(Sequence, says_what_is_expected) {
  const Facts open;
  EXPECT_EQ(refused(Phase::connected, open, Verb::mail), "503 5.5.1 Send EHLO first");
  EXPECT_EQ(refused(Phase::greeted, open, Verb::rcpt), "503 5.5.1 Send MAIL FROM first");
  EXPECT_EQ(refused(Phase::greeted, open, Verb::data), "503 5.5.1 Send MAIL FROM first");
  EXPECT_THAT(refused(Phase::mail, open, Verb::data), HasSubstr("send RCPT TO first"));
  EXPECT_THAT(refused(Phase::mail, open, Verb::mail), HasSubstr("RSET"));
  EXPECT_EQ(refused(Phase::rcpt, open, Verb::data), "may run");

  Facts plain{.tls_offered = true, .must_authenticate = true};
  EXPECT_THAT(refused(Phase::greeted, plain, Verb::mail),
              HasSubstr("530 5.7.0 Must issue a STARTTLS"));
  EXPECT_THAT(refused(Phase::greeted, plain, Verb::auth), HasSubstr("538 5.7.11"));
  Facts secured{
      .tls_active = true, .tls_offered = true, .auth_offered = true, .must_authenticate = true};
  EXPECT_THAT(refused(Phase::greeted, secured, Verb::mail), HasSubstr("Authentication required"));
  EXPECT_THAT(refused(Phase::greeted, secured, Verb::starttls), HasSubstr("already active"));
  secured.authenticated = true;
  EXPECT_EQ(refused(Phase::greeted, secured, Verb::mail), "may run");
  EXPECT_THAT(refused(Phase::greeted, secured, Verb::auth), HasSubstr("Already authenticated"));
}

TEST(Sequence, moves_between_phases) {
  for (Phase phase : phases) {
    EXPECT_EQ(after(phase, Verb::ehlo), Phase::greeted);
    EXPECT_EQ(after(phase, Verb::helo), Phase::greeted);
    EXPECT_EQ(after(phase, Verb::starttls), Phase::connected);
    EXPECT_EQ(after(phase, Verb::xclient), Phase::connected);
    EXPECT_EQ(after(phase, Verb::data), Phase::greeted);
    EXPECT_EQ(after(phase, Verb::rset),
              phase == Phase::connected ? Phase::connected : Phase::greeted);
    for (Verb verb :
         {Verb::auth, Verb::noop, Verb::quit, Verb::vrfy, Verb::expn, Verb::help, Verb::unknown})
      EXPECT_EQ(after(phase, verb), phase);
  }
  EXPECT_EQ(after(Phase::greeted, Verb::mail), Phase::mail);
  EXPECT_EQ(after(Phase::mail, Verb::rcpt), Phase::rcpt);
  EXPECT_EQ(after(Phase::rcpt, Verb::rcpt), Phase::rcpt);
  EXPECT_EQ(after(Phase::rcpt, Verb::bdat), Phase::chunks);
  EXPECT_EQ(after(Phase::chunks, Verb::bdat), Phase::chunks);
  EXPECT_EQ(after(Phase::greeted, Verb::bdat), Phase::greeted) << "behind the last chunk";
}

TEST(Sequence, keeps_chunks_and_data_apart) {
  const Facts open;
  EXPECT_THAT(refused(Phase::chunks, open, Verb::data),
              HasSubstr("503 5.5.1 The message comes in"));
  EXPECT_THAT(refused(Phase::chunks, open, Verb::rcpt), HasSubstr("BDAT LAST or RSET"));
  EXPECT_THAT(refused(Phase::chunks, open, Verb::mail), HasSubstr("503"));
  EXPECT_EQ(refused(Phase::chunks, open, Verb::bdat), "may run");
  EXPECT_EQ(refused(Phase::chunks, open, Verb::rset), "may run");
  EXPECT_THAT(refused(Phase::mail, open, Verb::bdat), HasSubstr("send RCPT TO first"));
}

// Whatever a client sends, content comes only behind MAIL and RCPT of the same transaction: walks
// every sequence of commands up to a depth.
void walk(Phase phase, bool mail, bool rcpt, int depth) {
  if (depth == 0) return;
  const Facts facts;
  for (size_t index = 0; index < verb_count; ++index) {
    const Verb verb = Verb(index);
    if (refuse_out_of_sequence(phase, facts, verb)) continue;
    if (verb == Verb::data || verb == Verb::bdat) {
      EXPECT_TRUE(mail && rcpt);
    }
    const bool resets = verb == Verb::ehlo || verb == Verb::helo || verb == Verb::rset ||
                        verb == Verb::data || verb == Verb::starttls;
    walk(after(phase, verb), !resets && (mail || verb == Verb::mail),
         !resets && (rcpt || verb == Verb::rcpt), depth - 1);
  }
}

TEST(Sequence, takes_content_only_with_sender_and_recipient) {
  walk(Phase::connected, false, false, 5);
}

}  // namespace
}  // namespace waypost::smtp
