#include "doctor/seed_judge.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"
#include "base/utf8.h"
#include "mailauth/authentication_results.h"
#include "message/header_block.h"

namespace waypost::doctor {
namespace {

using mailauth::AuthenticationResult;
using mailauth::AuthenticationResults;
using seeds::Spot;

constexpr size_t fields_read_max = 20;
constexpr size_t quoted_octets_max = 200;
constexpr size_t reasons_max = 3;
// Why a receiver took it for junk, as servers and filters write it into the message.
constexpr std::array<std::string_view, 5> reason_fields{
    "X-Forefront-Antispam-Report", "X-Microsoft-Antispam-Mailbox-Delivery", "X-Spam-Status",
    "X-Spamd-Result", "X-Spam-Report"};

// A value from outside on one line, as a report can show it.
std::string shown(std::string_view value) {
  std::string text = base::escape_control(base::to_valid_utf8(message::unfold(value)));
  if (text.size() > quoted_octets_max) text = text.substr(0, quoted_octets_max) + " ...";
  return base::to_valid_utf8(text);
}

Finding finding(std::string id, Severity severity, const SeedResult& seen, std::string what) {
  Finding made;
  made.id = std::move(id);
  made.severity = severity;
  made.observed = what;
  made.parameters = {{"name", seen.id}, {"seen", std::move(what)}};
  return made;
}

bool fails(std::string_view result) {
  return result == "fail" || result == "softfail" || result == "permerror";
}

// The first result of a method in a field; one that passes before all others.
const AuthenticationResult* result_of(const AuthenticationResults& field, std::string_view method) {
  const AuthenticationResult* found = nullptr;
  for (const AuthenticationResult& one : field.results) {
    if (one.method != method) continue;
    if (found == nullptr || (one.result == "pass" && found->result != "pass")) found = &one;
  }
  return found;
}

void take(const AuthenticationResults& field, std::string_view method, std::string& into,
          std::string& failing) {
  const AuthenticationResult* result = result_of(field, method);
  if (!into.empty() || result == nullptr) return;
  into = shown(result->result);
  if (fails(result->result)) failing += (failing.empty() ? "" : ", ") + shown(result->text);
}

// Of the three, DMARC decides: with it the others only show how the proof came.
std::optional<Severity> judge_proofs(const ReceiverWord& word) {
  if (fails(word.dmarc)) return Severity::error;
  if (!fails(word.spf) && !fails(word.dkim)) return std::nullopt;
  const bool is_proved = word.dmarc == "pass" || word.dkim == "pass" || word.spf == "pass";
  return is_proved ? Severity::warning : Severity::error;
}

void quote_reasons(std::string_view header, Finding& junk) {
  const message::HeaderBlock block = message::scan_header_block(header);
  for (std::string_view field : reason_fields)
    if (const auto* found = block.find(field); found && junk.notes.size() < reasons_max)
      junk.notes.push_back(fmt::format("Its header says: {}: {}", field, shown(found->value)));
}

}  // namespace

std::string_view name(SeedPlace place) {
  switch (place) {
    case SeedPlace::inbox:
      return "inbox";
    case SeedPlace::tab:
      return "tab";
    case SeedPlace::junk:
      return "junk";
    case SeedPlace::folder:
      return "folder";
    case SeedPlace::not_found:
      return "not-found";
    case SeedPlace::unknown:
      return "unknown";
  }
  CHECK(false);
}

std::string SeedResult::line() const {
  std::string text = id + ": ";
  if (place == SeedPlace::not_found) return text + "not found";
  if (place == SeedPlace::unknown) return text + "could not be looked into";
  if (place == SeedPlace::inbox) text += "in the inbox";
  if (place == SeedPlace::tab) text += fmt::format("in the inbox, tab {}", tab);
  if (place == SeedPlace::junk) text += fmt::format("in junk ({})", folder);
  if (place == SeedPlace::folder) text += fmt::format("in the folder {}", folder);
  if (after_least && after_most)
    text +=
        fmt::format(", {} to {} after the 250", shown_time(*after_least), shown_time(*after_most));
  std::string proofs;
  for (const auto& [method, result] : {std::pair("SPF", &spf), {"DKIM", &dkim}, {"DMARC", &dmarc}})
    if (!result->empty())
      proofs += fmt::format("{}{} {}", proofs.empty() ? "" : ", ", method, *result);
  if (!remark.empty()) text += "; " + remark;
  if (!proofs.empty()) text += fmt::format("; {} says {}", authserv_id, proofs);
  return text;
}

ReceiverWord word_of_receiver(std::string_view header, std::string_view authserv_id) {
  ReceiverWord word;
  const message::HeaderBlock block = message::scan_header_block(header);
  size_t read = 0;
  for (const message::HeaderField& field : block.fields) {
    if (!base::equals_ignoring_case(field.name, "Authentication-Results")) continue;
    if (++read > fields_read_max) break;
    const auto parsed = mailauth::parse_authentication_results(field.value);
    if (!parsed) continue;
    const std::string_view whose =
        word.authserv_id.empty() ? authserv_id : std::string_view(word.authserv_id);
    if (!whose.empty() && !base::equals_ignoring_case(parsed->authserv_id, whose)) continue;
    if (word.authserv_id.empty()) word.authserv_id = shown(parsed->authserv_id);
    take(*parsed, "spf", word.spf, word.failing);
    take(*parsed, "dkim", word.dkim, word.failing);
    take(*parsed, "dmarc", word.dmarc, word.failing);
  }
  return word;
}

void judge_sighting(const seeds::Sighting& sighting, std::string_view authserv_id, SeedWait wait,
                    SeedResult& seen, RungResult& result) {
  seen.folder = shown(sighting.folder);
  seen.tab = sighting.tab;
  seen.remark = shown(sighting.remark);
  for (const std::string& label : sighting.labels) seen.labels.push_back(shown(label));
  if (sighting.received) seen.received = WallTime(std::chrono::seconds(*sighting.received));
  const ReceiverWord word = word_of_receiver(sighting.header, authserv_id);
  seen.authserv_id = word.authserv_id;
  seen.spf = word.spf;
  seen.dkim = word.dkim;
  seen.dmarc = word.dmarc;
  std::optional<Finding> landed;
  switch (sighting.spot) {
    case Spot::inbox:
      seen.place = SeedPlace::inbox;
      break;
    case Spot::tab:
      seen.place = SeedPlace::tab;
      landed = finding("M6015", Severity::note, seen, "the inbox, under the tab " + seen.tab);
      break;
    case Spot::junk:
      seen.place = SeedPlace::junk;
      landed = finding("M6012", Severity::error, seen, seen.folder);
      break;
    case Spot::folder:
      seen.place = SeedPlace::folder;
      landed = finding("M6015", Severity::warning, seen, "the folder " + seen.folder);
      break;
  }
  if (landed && sighting.junk_by_name)
    landed->notes.push_back("The server marks no folder as junk; this one is so by its name.");
  if (landed && seen.place == SeedPlace::junk) quote_reasons(sighting.header, *landed);
  if (landed) result.add(*std::move(landed));
  if (auto severity = judge_proofs(word))
    result.add(finding("M6014", *severity, seen, word.failing));
  if (seen.after_least && *seen.after_least > wait.slow_after) {
    Finding late = finding("M6018", Severity::warning, seen, {});
    late.parameters["seconds"] = shown_time(*seen.after_least);
    result.add(std::move(late));
  }
}

void judge_absence(SeedWait wait, SeedResult& seen, RungResult& result) {
  seen.place = SeedPlace::not_found;
  Finding absent = finding("M6013", Severity::error, seen, {});
  absent.confidence = Confidence::possible;
  absent.parameters["seconds"] = base::to_human(wait.wait);
  result.add(std::move(absent));
}

void judge_closed_seed(const Error& error, std::string words, SeedResult& seen,
                       RungResult& result) {
  seen.place = SeedPlace::unknown;
  const bool refused = error.code() == ErrorCode::permission_denied;
  Finding closed = finding(refused ? "M6016" : "M6017", Severity::error, seen, shown(words));
  closed.unfinished = true;
  result.add(std::move(closed));
}

std::string line_of_seeds(const std::vector<SeedResult>& seeds) {
  auto count = [&seeds](auto... places) {
    return std::count_if(seeds.begin(), seeds.end(),
                         [&](const SeedResult& one) { return ((one.place == places) || ...); });
  };
  std::string line = fmt::format("inbox at {} of {} {}", count(SeedPlace::inbox, SeedPlace::tab),
                                 seeds.size(), seeds.size() == 1 ? "seed" : "seeds");
  const std::pair<const char*, SeedPlace> others[] = {{"junk", SeedPlace::junk},
                                                      {"another folder", SeedPlace::folder},
                                                      {"not found", SeedPlace::not_found},
                                                      {"not known", SeedPlace::unknown}};
  for (const auto& [what, place] : others)
    if (const auto found = count(place)) line += fmt::format(", {} at {}", what, found);
  return line;
}

}  // namespace waypost::doctor
