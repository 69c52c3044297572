#include "doctor/refusal.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "classify/pattern.h"
#include "classify/shipped_rules.h"

namespace waypost::doctor {
namespace {

using checks::Check;
using classify::Classifier;
using classify::Reading;
using classify::ReplyClass;

constexpr int login_rung = 4;
// Who answers sooner has not left enough time to be used.
constexpr std::chrono::milliseconds rules_after{50};

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A check of this rung goes first. A rule means the same in every rung; a class means other things
// before and after the login, so there it is this rung or none.
const Check* check_with(std::vector<std::string> Check::*list, std::string_view name, int rung,
                        bool in_other_rungs) {
  const Check* other = nullptr;
  for (const Check& check : checks::shipped_catalogue().all()) {
    if (!contains(check.*list, name)) continue;
    if (check.rung == rung) return &check;
    if (other == nullptr && in_other_rungs) other = &check;
  }
  return other;
}

const Check* check_by_digit(int rung, bool transient) {
  std::string_view id =
      rung == login_rung ? (transient ? "M4008" : "M4024") : (transient ? "M5020" : "M5019");
  return checks::shipped_catalogue().find(id);
}

Confidence confidence_of(classify::Confidence confidence) {
  switch (confidence) {
    case classify::Confidence::certain:
      return Confidence::certain;
    case classify::Confidence::likely:
      return Confidence::likely;
    default:
      return Confidence::possible;
  }
}

// What is wrong for good although the server says 4yz: nobody who waits gets any further.
bool stays_wrong(const Check& check) {
  constexpr std::string_view ids[] = {"M5001", "M5002", "M5003", "M5005", "M5008", "M5009",
                                      "M5010", "M5011", "M5012", "M5014", "M5017", "M5018"};
  return std::find(std::begin(ids), std::end(ids), check.id) != std::end(ids);
}

const Check* check_of(const Reading& reading, int rung, bool transient) {
  const Check* check = nullptr;
  if (reading.rule != nullptr) check = check_with(&Check::rules, reading.rule->id, rung, true);
  if (check == nullptr)
    check = check_with(&Check::classes, classify::slug(reading.reply_class), rung, false);
  if (check == nullptr) return check_by_digit(rung, transient);
  // A login that is refused for now was not judged.
  bool unjudged = check->rung == login_rung && transient && !check->temporary &&
                  reading.reply_class == ReplyClass::auth_failed;
  return unjudged ? check_by_digit(rung, transient) : check;
}

// Whether the words themselves name who speaks: a host, a page, a mark of his.
bool names_itself(const classify::Provider& provider, std::string_view normal_text) {
  return classify::PatternList(provider.text).any_found(normal_text);
}

// A rule about the ways of a provider that neither is known to speak here nor shows it. Programs
// that anybody may run have no hosts of their own.
bool is_of_a_stranger(const Reading& reading, std::string_view provider,
                      std::string_view normal_text) {
  const classify::Rule* rule = reading.rule;
  if (rule == nullptr || rule->provider.empty() || rule->token) return false;
  const classify::Provider* other = shipped_classifier().book().provider(rule->provider);
  const bool has_hosts = other != nullptr && !other->mx.empty();
  return has_hosts && other->id != provider && !names_itself(*other, normal_text);
}

bool has_values(std::string_view text, const Parameters& values) {
  std::vector<std::string> places = checks::places_in(text);
  return std::all_of(places.begin(), places.end(),
                     [&](const std::string& place) { return values.contains(place); });
}

bool is_usable(const checks::Fix& fix, const Parameters& values) {
  return has_values(fix.text, values) &&
         std::all_of(fix.set.begin(), fix.set.end(),
                     [&](const auto& pair) { return has_values(pair.second, values); });
}

}  // namespace

const Classifier& shipped_classifier() {
  static const Classifier classifier(classify::shipped_book());
  return classifier;
}

RulesAhead::RulesAhead(io::Loop& loop, io::Worker* worker) : timer_(loop.timers()) {
  if (worker == nullptr) return;
  timer_.start(loop.now() + rules_after, [worker] {
    worker->submit([] {
      // Whatever it says, the patterns that every reply is searched with are compiled for it.
      classify::Reader(shipped_classifier(), 2).read({"250 2.0.0 Ok", {}, {}, {}, {}});
    });
  });
}

std::string provider_of(std::string_view name, std::string_view host) {
  const Classifier& classifier = shipped_classifier();
  for (std::string_view hint : {name, host}) {
    if (hint.empty()) continue;
    if (const classify::Provider* provider = classifier.provider_named(hint)) return provider->id;
  }
  return {};
}

bool is_about_the_command(const smtp::Reply& reply) {
  constexpr int codes[] = {500, 501, 502, 503, 504};
  return std::find(std::begin(codes), std::end(codes), reply.code) != std::end(codes);
}

bool is_about_proof(ReplyClass reply_class) {
  return reply_class == ReplyClass::spf_fail || reply_class == ReplyClass::dkim_fail ||
         reply_class == ReplyClass::dmarc_fail || reply_class == ReplyClass::sender_unauthenticated;
}

Refusal judge_refusal(const smtp::Reply& reply, int rung, smtp::AttemptPhase phase,
                      std::string_view provider) {
  // Few replies are read in one walk: nothing needs to be remembered.
  classify::Reader reader(shipped_classifier(), 2);
  const std::string text = reply.text();
  Reading reading = reader.read({text, provider, phase, {}, {}});
  Refusal refusal;
  const bool is_strangers = is_of_a_stranger(reading, provider, reader.normal_text().text);
  if (is_strangers && !provider.empty()) reading.rule = nullptr;
  refusal.transient = reply.transient();
  refusal.reply_class = reading.reply_class;
  refusal.check = check_of(reading, rung, refusal.transient);
  refusal.confidence = confidence_of(reading.confidence);
  if (is_strangers) {
    // What it takes the words for may be right; what it says of its provider is not.
    refusal.confidence = std::max(refusal.confidence, Confidence::likely);
    refusal.title = shipped_classifier().book().page(reading.reply_class).title;
    return refusal;
  }
  if (reading.provider != nullptr) refusal.provider = reading.provider->id;
  if (reading.rule != nullptr) {
    refusal.rule = reading.rule->id;
    refusal.title = reading.rule->title;
  } else if (reading.by_code != nullptr) {
    refusal.title = shipped_classifier().book().page(reading.reply_class).title;
  }
  return refusal;
}

Finding finding_of(std::string_view id, Parameters values) {
  const Check* check = checks::shipped_catalogue().find(id);
  CHECK(check != nullptr);
  Finding finding;
  finding.id = check->id;
  finding.rung = Rung(check->rung);
  finding.severity = check->severity;
  finding.confidence = check->confidence;
  finding.temporary = check->temporary;
  for (const checks::Fix& fix : check->fixes) {
    if (!is_usable(fix, values)) continue;
    Parameters set;
    for (const auto& [key, value] : fix.set) set[key] = checks::fill(value, values);
    finding.fixes.push_back({fix.id, fix.who, std::move(set)});
  }
  finding.parameters = std::move(values);
  return finding;
}

Finding finding_of(const Refusal& refusal, const smtp::Reply& reply, Parameters values) {
  // By its words: what EHLO offered may say otherwise.
  if (refusal.is("M4004")) values["seen"] = "it says that logins are not switched on";
  Finding finding = finding_of(refusal.check->id, std::move(values));
  finding.observed = reply.text();
  finding.confidence = std::max(finding.confidence, refusal.confidence);
  if (refusal.transient && !stays_wrong(*refusal.check)) finding.temporary = true;
  if (!refusal.rule.empty())
    finding.notes.push_back(fmt::format("{} (waypost explain {})", refusal.title, refusal.rule));
  return finding;
}

}  // namespace waypost::doctor
