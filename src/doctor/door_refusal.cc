#include "doctor/door_refusal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "doctor/refusal.h"

namespace waypost::doctor {
namespace {

using classify::ReplyClass;

constexpr int accept_rung = 5;

// Words that nobody's rule knows say no more than no.
bool is_unexplained(const Refusal& refusal) {
  return refusal.reply_class == ReplyClass::unknown ||
         refusal.reply_class == ReplyClass::protocol_error;
}

// A receiver whose own look-ups fail, or that is ill itself, says nothing about who comes.
bool is_of_the_receiver(const Refusal& refusal) {
  return refusal.reply_class == ReplyClass::system_error;
}

std::string_view id_of(const Refusal& refusal, const Opening& opening, smtp::AttemptPhase phase) {
  const smtp::Reply& reply = *opening.reply;
  const bool at_hello = phase == smtp::AttemptPhase::hello;
  const bool of_address = refusal.is("M5009") || refusal.is("M5010");
  // A name that is missing, or a list that says so itself, stays for longer than a later try.
  if (of_address && (!refusal.transient || refusal.confidence == Confidence::certain))
    return refusal.check->id;
  // Postfix says so with 450, and means it until the name is another.
  if (at_hello && refusal.is("M5011")) return "M2019";
  if (refusal.is("M5012")) return opening.tls ? "M4027" : "M5012";
  if (refusal.transient) return "M2018";
  if (is_of_the_receiver(refusal)) return "M5019";
  if (!at_hello) return "M2015";
  // What SPF was asked about is the name: no sender was told yet (RFC 7208 §2.3).
  const bool of_name = is_about_proof(refusal.reply_class) || is_unexplained(refusal) ||
                       (refusal.rule.empty() && is_about_the_command(reply));
  return of_name ? "M2019" : "M2015";
}

// Who was asked to encrypt, and meant to with the next command, has nothing to switch on.
void rule_out_starttls(const Ground& ground, Finding& finding) {
  if (ground.encryption != Encryption::starttls) return;
  for (Fix& fix : finding.fixes) {
    if (fix.id != "starttls") continue;
    fix.tested = Tested::fails;
    fix.result = "STARTTLS is set, and the refusal came before it could be said";
  }
}

// Ours, as the server sees it where nothing between us rewrites it.
std::string own_address(const Opening& opening) {
  if (!opening.session || opening.session->conversation.stream() == nullptr) return {};
  return opening.session->conversation.stream()->local().address.text();
}

}  // namespace

Finding judge_door_refusal(const Ground& ground, const Opening& opening, smtp::AttemptPhase phase) {
  CHECK(opening.reply);
  const smtp::Reply& reply = *opening.reply;
  const Refusal refusal = judge_refusal(reply, accept_rung, phase, provider_of({}, ground.host));
  const std::string_view id = id_of(refusal, opening, phase);
  Parameters values = ground.parameters();
  values["name"] = opening.session ? opening.session->hello : "";
  values["seen"] = phase == smtp::AttemptPhase::greeting ? "its greeting" : "its answer to EHLO";
  if (id == "M5009") values["seen"] = refusal.title;
  if (id == "M5019") values["seen"] = phase == smtp::AttemptPhase::hello ? "EHLO" : "to talk";
  if (id == "M5010") values["address"] = own_address(opening);
  Finding finding = finding_of(id, std::move(values));
  finding.observed = reply.text();
  if (id == "M5012") rule_out_starttls(ground, finding);
  if (id == "M2019" && is_about_proof(refusal.reply_class)) {
    finding.confidence = Confidence::likely;
  } else if (id == "M2019" && !refusal.is("M5011")) {
    finding.confidence = is_about_the_command(reply) ? Confidence::likely : Confidence::possible;
    finding.notes.emplace_back(
        "The words do not say whether the name or the address of this machine is meant.");
  } else if (id != "M2018") {
    finding.confidence = std::max(finding.confidence, refusal.confidence);
  }
  if (!refusal.rule.empty())
    finding.notes.push_back(fmt::format("{} (waypost explain {})", refusal.title, refusal.rule));
  return finding;
}

}  // namespace waypost::doctor
