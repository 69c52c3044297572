#include "doctor/report_json.h"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>

#include "base/terminal_text.h"
#include "base/utf8.h"
#include "base/whole_seconds.h"
#include "doctor/report_words.h"

namespace waypost::doctor {
namespace {

namespace json = boost::json;

constexpr const char* schema = "waypost.doctor/1";
constexpr const char* tool = "waypost 0.1.0";

json::string text(std::string_view octets) {
  return json::string(base::without_terminal_controls(base::to_valid_utf8(octets)));
}

int64_t milliseconds(Duration duration) {
  return std::chrono::round<std::chrono::milliseconds>(duration).count();
}

json::array texts(const std::vector<std::string>& values) {
  json::array list;
  for (const std::string& value : values) list.push_back(text(value));
  return list;
}

json::object facts_json(const RungResult& result) {
  json::object facts;
  for (const Fact& fact : result.facts) {
    if (fact.is_list)
      facts[fact.key] = texts(fact.values);
    else
      facts[fact.key] = text(fact.values.front());
  }
  return facts;
}

json::object set_json(const Parameters& set) {
  json::object object;
  for (const auto& [key, value] : set) object[key] = text(value);
  return object;
}

json::object fix_json(const ShownFix& fix, const Finding& finding, size_t rank) {
  json::object object;
  object["rank"] = rank;
  object["id"] = fix.words->id;
  object["who"] = fix.words->who;
  Parameters set;
  for (const auto& [key, value] : fix.words->set)
    set[key] = checks::fill(value, finding.parameters);
  if (fix.tested)
    for (const auto& [key, value] : fix.tested->set) set[key] = value;
  object["set"] = set_json(set);
  bool known = fix.tested && fix.tested->tested != Tested::not_tested;
  object["tested"] = known;
  object["verified"] = fix.tested && fix.tested->tested == Tested::works;
  if (fix.tested && !fix.tested->result.empty()) object["result"] = text(fix.tested->result);
  object["text"] = text(fix.text);
  if (!fix.lines.empty()) object["lines"] = texts(fix.lines);
  return object;
}

json::object finding_json(const Finding& finding, const checks::Catalogue& catalogue) {
  const checks::Check* check = catalogue.find(finding.id);
  json::object object;
  object["id"] = finding.id;
  object["slug"] = check ? check->slug : "";
  object["severity"] = name(finding.severity);
  object["confidence"] = name(finding.confidence);
  object["rung"] = static_cast<int>(finding.rung);
  object["title"] = text(check ? checks::fill(check->title, finding.parameters) : "");
  object["observed"] = text(finding.observed);
  object["temporary"] = finding.temporary;
  json::array evidence;
  for (unsigned n : finding.evidence) evidence.push_back(n);
  object["evidence"] = std::move(evidence);
  json::array fixes;
  if (check)
    for (const ShownFix& fix : fixes_of(finding, *check))
      fixes.push_back(fix_json(fix, finding, fixes.size() + 1));
  object["fixes"] = std::move(fixes);
  object["notes"] = texts(finding.notes);
  object["ruled_out"] = texts(ruled_out_by(finding, check));
  if (check) object["data_as_of"] = check->as_of;
  return object;
}

// What is not known is left out.
json::object seed_json(const SeedResult& seed) {
  json::object object;
  object["id"] = text(seed.id);
  object["address"] = text(seed.address);
  object["place"] = name(seed.place);
  if (!seed.folder.empty()) object["folder"] = text(seed.folder);
  if (!seed.tab.empty()) object["tab"] = text(seed.tab);
  if (!seed.labels.empty()) object["labels"] = texts(seed.labels);
  if (seed.after_least) object["after_least_ms"] = milliseconds(*seed.after_least);
  if (seed.after_most) object["after_most_ms"] = milliseconds(*seed.after_most);
  if (seed.received) object["internal_date"] = base::to_whole_seconds(*seed.received);
  if (!seed.remark.empty()) object["remark"] = text(seed.remark);
  if (seed.authserv_id.empty()) return object;
  json::object says{{"authserv_id", text(seed.authserv_id)}};
  if (!seed.spf.empty()) says["spf"] = text(seed.spf);
  if (!seed.dkim.empty()) says["dkim"] = text(seed.dkim);
  if (!seed.dmarc.empty()) says["dmarc"] = text(seed.dmarc);
  object["receiver_says"] = std::move(says);
  return object;
}

json::object rung_object(const RungResult& result) {
  json::object object;
  object["n"] = static_cast<int>(result.rung);
  object["id"] = name(result.rung);
  object["status"] = name(result.status);
  if (result.status != RungStatus::skipped) object["ms"] = milliseconds(result.took);
  object["line"] = text(result.line);
  json::array ids;
  for (const Finding* finding : gravest_first(result)) ids.push_back(json::string(finding->id));
  if (!ids.empty()) object["findings"] = std::move(ids);
  if (!result.facts.empty()) object["facts"] = facts_json(result);
  json::array seeds;
  for (const SeedResult& seed : result.seeds) seeds.push_back(seed_json(seed));
  if (!seeds.empty()) object["seeds"] = std::move(seeds);
  return object;
}

json::array evidence_json(const Report& report) {
  json::array list;
  for (const Evidence& evidence : report.evidence) {
    json::object object;
    object["n"] = evidence.n;
    object["t_ms"] = milliseconds(evidence.at);
    object["kind"] = name(evidence.kind);
    if (!evidence.connection.empty()) object["connection"] = evidence.connection;
    object["text"] = text(evidence.text);
    list.push_back(std::move(object));
  }
  return list;
}

}  // namespace

json::object report_json(const Report& report, const checks::Catalogue& catalogue) {
  json::object object;
  object["schema"] = schema;
  object["tool"] = tool;
  object["started"] = base::to_rfc3339(report.started);
  json::object target;
  target["host"] = text(report.target_host);
  if (!report.domain.empty()) target["domain"] = text(report.domain);
  target["port"] = report.target_port;
  target["tls"] = name(report.encryption);
  target["auth"] = report.with_login ? "password" : "none";
  object["target"] = std::move(target);
  object["verdict"] = verdict_word(report);
  object["verdict_text"] = text(verdict_of(report, catalogue));
  auto stopped = report.stopped_at();
  if (stopped)
    object["stopped_at"] = static_cast<int>(*stopped);
  else
    object["stopped_at"] = nullptr;
  object["exit"] = report.exit_code();
  json::array rungs, findings;
  for (const RungResult& result : report.rungs) {
    rungs.push_back(rung_object(result));
  }
  for (const Finding* finding : gravest_first(report))
    findings.push_back(finding_json(*finding, catalogue));
  object["rungs"] = std::move(rungs);
  object["findings"] = std::move(findings);
  object["evidence"] = evidence_json(report);
  json::object effects;
  effects["connections"] = report.effects.connections;
  effects["auth_attempts"] = report.effects.login_attempts;
  effects["messages_sent"] = report.effects.messages_sent;
  effects["messages_unknown"] = report.effects.messages_unknown;
  if (report.effects.mailboxes > 0) effects["mailboxes"] = report.effects.mailboxes;
  object["side_effects"] = std::move(effects);
  return object;
}

json::object rung_json(const RungResult& result, const checks::Catalogue& catalogue) {
  json::object object{{"event", "rung"}};
  for (auto& [key, value] : rung_object(result)) object[key] = value;
  json::array findings;
  for (const Finding* finding : gravest_first(result))
    findings.push_back(finding_json(*finding, catalogue));
  object["findings"] = std::move(findings);
  return object;
}

}  // namespace waypost::doctor
