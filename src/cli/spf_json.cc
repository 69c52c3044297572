#include <boost/json.hpp>

#include "cli/spf_command.h"
#include "publish/json_text.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using publish::text;
using publish::texts;
using namespace mailauth;

// A record with more networks says so instead of listing them all.
constexpr size_t networks_shown_max = 1'000;

json::object to_json(const SpfRecordTrace& record);

json::object to_json(const SpfTermTrace& term) {
  json::object object{{"term", text(term.term)},
                      {"outcome", name(term.outcome)},
                      {"counted", term.counted},
                      {"lookups", term.lookups}};
  if (!term.target.empty()) object["target"] = text(term.target);
  if (term.found_nothing) object["void"] = true;
  if (!term.answers.empty()) object["answers"] = texts(term.answers);
  if (!term.problem.empty()) object["problem"] = text(term.problem);
  if (!term.inner.empty()) object["record"] = to_json(term.inner.front());
  return object;
}

json::object to_json(const SpfRecordTrace& record) {
  json::array terms;
  for (const SpfTermTrace& term : record.terms) terms.push_back(to_json(term));
  return {{"domain", text(record.domain)},
          {"record", text(record.record)},
          {"result", name(record.result)},
          {"problem", text(record.problem)},
          {"terms", std::move(terms)}};
}

json::array networks(const AddressSet& set) {
  json::array array;
  for (const Network& network : set.networks()) {
    if (array.size() == networks_shown_max) break;
    array.push_back(json::string(network.text()));
  }
  return array;
}

json::value to_json(const std::optional<SpfProposal>& proposal) {
  if (!proposal) return nullptr;
  return json::object{
      {"record", text(proposal->record)},    {"strings", texts(proposal->strings)},
      {"octets", proposal->record.size()},   {"lookups", proposal->lookups},
      {"removed", texts(proposal->removed)}, {"flattened", texts(proposal->flattened)},
      {"merged", proposal->merged},          {"checked", proposal->checked}};
}

json::object to_json(const SpfAnalysis& analysis) {
  static constexpr std::string_view weights[] = {"note", "warning", "error"};
  json::array records;
  for (const SurveyedRecord& record : analysis.records) records.push_back(text(record.text));
  json::array terms;
  if (analysis.records.size() == 1)
    for (const SurveyedTerm& term : analysis.records.front().terms)
      terms.push_back(json::object{{"term", text(term.text)}, {"lookups", term.lookups}});
  json::array remarks;
  for (const SpfRemark& remark : analysis.remarks)
    remarks.push_back(json::object{{"weight", weights[static_cast<size_t>(remark.weight)]},
                                   {"text", text(remark.text)}});
  return {{"records", std::move(records)},
          {"lookups", analysis.lookups},
          {"eleventh", text(analysis.eleventh)},
          {"terms", std::move(terms)},
          {"passes", networks(analysis.outcomes.pass)},
          {"complete", analysis.known},
          {"remarks", std::move(remarks)},
          {"proposal", to_json(analysis.proposal)}};
}

}  // namespace

std::string spf_json(const SpfFindings& findings) {
  json::object object{{"schema", "waypost.spf/1"}};
  if (findings.verdict) {
    const SpfVerdict& verdict = *findings.verdict;
    object["result"] = name(verdict.result);
    object["domain"] = text(verdict.domain);
    object["ip"] = text(findings.ip);
    object["sender"] = text(findings.sender);
    object["decided_by"] = text(verdict.decided_by);
    object["decided_in"] = text(verdict.decided_in);
    object["explanation"] = text(verdict.explanation);
    object["problem"] = text(verdict.problem);
    object["lookups"] = verdict.lookups;
    object["void_lookups"] = verdict.void_lookups;
    object["eleventh"] = text(verdict.eleventh);
    object["trace"] = to_json(verdict.trace);
  } else if (findings.analysis) {
    object["domain"] = text(findings.analysis->domain);
  }
  if (findings.analysis)
    object["analysis"] = to_json(*findings.analysis);
  else
    object["not_analysed"] = text(findings.not_analysed);
  return json::serialize(object);
}

}  // namespace waypost::cli
