#include "smtp/sequence.h"

#include <array>
#include <string>

namespace waypost::smtp {
namespace {

constexpr EnhancedCode invalid_command{5, 5, 1};
constexpr EnhancedCode security_policy{5, 7, 0};
constexpr EnhancedCode encryption_needed{5, 7, 11};

constexpr size_t phase_count = size_t(Phase::chunks) + 1;

// Why a command may not run in a phase; `may_run` when it may.
constexpr const char* may_run = nullptr;
constexpr const char* ehlo_first = "Send EHLO first";
constexpr const char* mail_first = "Send MAIL FROM first";
constexpr const char* rcpt_first = "No recipient yet: send RCPT TO first";
constexpr const char* in_transaction =
    "A mail transaction is open: finish it with DATA or drop it with RSET first";
constexpr const char* in_chunks = "The message comes in chunks: finish it with BDAT LAST or RSET";

struct Row {
  Verb verb;
  bool guarded;  // held back until the client has authenticated, where it must
  std::array<const char*, phase_count> refusal;  // in the order of the phases
  std::array<Phase, phase_count> next;
};

constexpr std::array<const char*, phase_count> any_time{may_run, may_run, may_run, may_run,
                                                        may_run};
constexpr std::array<const char*, phase_count> between_transactions{
    ehlo_first, may_run, in_transaction, in_transaction, in_transaction};
constexpr std::array<Phase, phase_count> stays{Phase::connected, Phase::greeted, Phase::mail,
                                               Phase::rcpt, Phase::chunks};
// A chunk where there is no transaction opens none.
constexpr std::array<Phase, phase_count> after_chunk{Phase::connected, Phase::greeted, Phase::mail,
                                                     Phase::chunks, Phase::chunks};

constexpr std::array<Phase, phase_count> always(Phase phase) {
  return {phase, phase, phase, phase, phase};
}

constexpr std::array<Row, verb_count> table{{
    {Verb::ehlo, false, any_time, always(Phase::greeted)},
    {Verb::helo, false, any_time, always(Phase::greeted)},
    {Verb::starttls, false, between_transactions, always(Phase::connected)},
    {Verb::auth, false, between_transactions, stays},
    {Verb::mail, true, between_transactions, always(Phase::mail)},
    {Verb::rcpt, true, {ehlo_first, mail_first, may_run, may_run, in_chunks}, always(Phase::rcpt)},
    {Verb::data,
     true,
     {ehlo_first, mail_first, rcpt_first, may_run, in_chunks},
     always(Phase::greeted)},
    {Verb::rset,
     false,
     any_time,
     {Phase::connected, Phase::greeted, Phase::greeted, Phase::greeted, Phase::greeted}},
    {Verb::noop, false, any_time, stays},
    {Verb::quit, false, any_time, stays},
    {Verb::vrfy, true, any_time, stays},
    {Verb::expn, true, any_time, stays},
    {Verb::help, false, any_time, stays},
    {Verb::bdat, true, {ehlo_first, mail_first, rcpt_first, may_run, may_run}, after_chunk},
    {Verb::xclient,
     false,
     {may_run, may_run, in_transaction, in_transaction, in_transaction},
     always(Phase::connected)},
    {Verb::unknown, false, any_time, stays},
}};

constexpr bool rows_stand_in_order() {
  for (size_t index = 0; index < table.size(); ++index)
    if (table[index].verb != Verb(index)) return false;
  return true;
}
static_assert(rows_stand_in_order());

constexpr bool could_secure(const Facts& facts) { return facts.tls_offered && !facts.tls_active; }

std::optional<Reply> refuse_unavailable(const Facts& facts, Verb verb) {
  const auto absent = [&] {
    return reply(502, invalid_command, std::string(name(verb)) + " is not available here");
  };
  switch (verb) {
    case Verb::unknown:
      return reply(500, invalid_command, "Command not recognised; HELP lists what there is");
    case Verb::expn:
      return absent();
    case Verb::starttls:
      if (!facts.tls_active && !facts.tls_offered) return absent();
      return std::nullopt;
    case Verb::auth:
      if (!facts.authenticated && !facts.auth_offered && !could_secure(facts)) return absent();
      return std::nullopt;
    case Verb::xclient:
      if (!facts.xclient_offered)
        return reply(550, security_policy, "XCLIENT is for listed proxies, and you are not one");
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::optional<Reply> refuse_insecure(const Facts& facts, Verb verb) {
  if (facts.authenticated) return std::nullopt;
  if (verb == Verb::auth && !facts.auth_offered)
    return reply(538, encryption_needed, "AUTH needs encryption: send STARTTLS first");
  if (!table[size_t(verb)].guarded || !facts.must_authenticate) return std::nullopt;
  if (!facts.auth_offered && could_secure(facts))
    return reply(530, security_policy, "Must issue a STARTTLS command first, then AUTH");
  return reply(530, security_policy, "Authentication required: send AUTH first");
}

std::optional<Reply> refuse_repeated(const Facts& facts, Verb verb) {
  if (verb == Verb::starttls && facts.tls_active)
    return reply(503, invalid_command, "TLS is already active");
  if (verb == Verb::auth && facts.authenticated)
    return reply(503, invalid_command, "Already authenticated in this session");
  return std::nullopt;
}

}  // namespace

std::optional<Reply> refuse_out_of_sequence(Phase phase, const Facts& facts, Verb verb) {
  const char* refusal = table[size_t(verb)].refusal[size_t(phase)];
  if (auto refused = refuse_unavailable(facts, verb)) return refused;
  if (refusal == ehlo_first) return reply(503, invalid_command, refusal);
  if (auto refused = refuse_insecure(facts, verb)) return refused;
  if (auto refused = refuse_repeated(facts, verb)) return refused;
  if (refusal != may_run) return reply(503, invalid_command, refusal);
  return std::nullopt;
}

Phase after(Phase phase, Verb verb) { return table[size_t(verb)].next[size_t(phase)]; }

}  // namespace waypost::smtp
