#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "checks/catalogue.h"
#include "classify/classifier.h"
#include "doctor/finding.h"
#include "io/loop.h"
#include "io/worker.h"
#include "smtp/attempt_phase.h"
#include "smtp/reply.h"

// What a server's refusal means for the ladder: rules/replies read its words, rules/checks say
// which of their rules and classes are which finding.
namespace waypost::doctor {

// The rules that the program carries, made ready once; the first use takes some tenths of a second,
// and so does the first reply that is read by them.
// Any thread.
const classify::Classifier& shipped_classifier();

// Reads and compiles them on `worker` once what is waited for takes its time, so that a refusal
// which comes late is read at once, and who gets a quick yes pays nothing. Nothing without a
// worker. Destroyed when nothing more is waited for. Thread: the loop's.
class RulesAhead {
 public:
  RulesAhead(io::Loop& loop, io::Worker* worker);

 private:
  io::Timer timer_;
};

// The provider of a name that a person uses ("gmail") or of a host; empty when neither is known.
std::string provider_of(std::string_view name, std::string_view host);

struct Refusal {
  const checks::Check* check = nullptr;  // never null
  Confidence confidence = Confidence::possible;
  classify::ReplyClass reply_class = classify::ReplyClass::unknown;
  std::string rule;        // the rule of rules/replies that decided; empty for a code or nothing
  std::string title;       // what that rule or class says, in one line
  std::string provider;    // who speaks, as asked or as the words betray it
  bool transient = false;  // 4yz

  bool is(std::string_view id) const { return check->id == id; }
};

// RFC 5321 §4.2.3: what is wrong with it is how the command was written.
bool is_about_the_command(const smtp::Reply& reply);
// Who may send under a name, by SPF, DKIM or DMARC (RFC 7372 §3).
bool is_about_proof(classify::ReplyClass reply_class);

// `rung` 4 (phase login) or 5. `provider` is what provider_of() gave. Where no rule and no class
// says more, it is M4008 or M4024, M5020 or M5019, by the first digit.
Refusal judge_refusal(const smtp::Reply& reply, int rung, smtp::AttemptPhase phase,
                      std::string_view provider);

// The finding of an id of the catalogue with its words' values, and its fixes in the catalogue's
// order, but those that need a value that is not known. CHECKs that the id is there.
Finding finding_of(std::string_view id, Parameters values);
// The same for a refusal, with the server's words.
Finding finding_of(const Refusal& refusal, const smtp::Reply& reply, Parameters values);

}  // namespace waypost::doctor
