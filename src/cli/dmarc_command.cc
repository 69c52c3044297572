#include "cli/dmarc_command.h"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/name_questions.h"
#include "cli/paragraph.h"
#include "dns/idn.h"
#include "mailauth/dmarc_check.h"
#include "mailauth/spf_record.h"
#include "publish/json_text.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using publish::text;
using publish::texts;
using namespace mailauth;

struct DmarcFindings {
  DmarcVerdict verdict;
  std::vector<DmarcDestination> reports;
};

struct DmarcAsking {
  DmarcQuestion question;
  NameQuestions& names;
  Duration patience;

  io::Task<DmarcFindings> run() {
    DmarcFindings findings;
    const Instant deadline = names.in(patience);
    findings.verdict = co_await check_dmarc(names.resolver(), question, deadline);
    if (!findings.verdict.record) co_return findings;
    std::vector<std::string> uris = findings.verdict.record->aggregate_uris;
    const auto& others = findings.verdict.record->failure_uris;
    uris.insert(uris.end(), others.begin(), others.end());
    findings.reports = co_await check_dmarc_destinations(
        names.resolver(), findings.verdict.record_domain, std::move(uris), deadline);
    co_return findings;
  }
};

json::object to_json(const DmarcAlignment& alignment) {
  return {{"domain", text(alignment.domain)},
          {"organizational_domain", text(alignment.organizational_domain)},
          {"passed", alignment.passed},
          {"strict", alignment.strict},
          {"aligned", alignment.aligned},
          {"words", text(alignment.words)}};
}

json::array walk_json(const std::vector<DmarcStep>& steps) {
  json::array walk;
  for (const DmarcStep& step : steps) {
    json::array unread;
    for (const UnreadRecord& one : step.unread)
      unread.push_back(json::object{{"text", text(one.text)}, {"why", text(one.why)}});
    walk.push_back(json::object{{"name", "_dmarc." + step.domain},
                                {"records", step.records},
                                {"record", text(step.record ? step.record->text : "")},
                                {"unread", std::move(unread)}});
  }
  return walk;
}

std::string to_json(const DmarcFindings& findings) {
  const DmarcVerdict& verdict = findings.verdict;
  json::object object{{"schema", "waypost.dmarc/1"},
                      {"result", name(verdict.result)},
                      {"from", text(verdict.from_domain)},
                      {"organizational_domain", text(verdict.organizational_domain)},
                      {"record_domain", text(verdict.record_domain)}};
  if (verdict.record) {
    object["record"] = text(verdict.record->text);
    object["policy"] = name(verdict.policy);
    object["published_policy"] = name(verdict.published);
    object["policy_tag"] = text(verdict.policy_tag);
    object["testing"] = verdict.record->testing;
    object["problems"] = texts(verdict.record->problems);
    object["notes"] = texts(verdict.record->notes);
  }
  json::array dkim;
  for (const DmarcAlignment& alignment : verdict.dkim) dkim.push_back(to_json(alignment));
  object["spf"] = verdict.spf ? json::value(to_json(*verdict.spf)) : json::value(nullptr);
  object["dkim"] = std::move(dkim);
  object["walk"] = walk_json(verdict.steps);
  json::array reports;
  for (const DmarcDestination& report : findings.reports)
    reports.push_back(json::object{{"uri", text(report.uri)},
                                   {"state", name(report.state)},
                                   {"question", text(report.question)}});
  object["reports"] = std::move(reports);
  object["problem"] = text(verdict.problem);
  object["words"] = text(verdict.words);
  return json::serialize(object) + "\n";
}

void print_row(std::string_view title, std::string_view words) {
  constexpr size_t margin = 13;
  std::string lines = paragraph(words, margin);
  lines.replace(3, title.size(), title);
  for (std::string_view rest = lines; !rest.empty();) {
    const size_t end = rest.find('\n');
    print(styled(rest.substr(0, end), Style::plain, false) + "\n");
    rest.remove_prefix(end + 1);
  }
}

void print_policy(const DmarcVerdict& verdict) {
  const DmarcRecord& record = *verdict.record;
  print_row("record", fmt::format("of {}: {}", verdict.record_domain, record.text));
  const std::string why =
      verdict.policy_tag.empty() ? "no policy that counts stands there" : verdict.policy_tag;
  std::string policy = fmt::format("{} ({})", name(verdict.published), why);
  if (verdict.policy != verdict.published)
    policy += fmt::format(", eased to {} while testing (t=y)", name(verdict.policy));
  print_row("policy", policy);
  if (verdict.spf) print_row("SPF", verdict.spf->words);
  for (const DmarcAlignment& alignment : verdict.dkim) print_row("DKIM", alignment.words);
  if (!verdict.spf && verdict.dkim.empty())
    print_row("", "No identifier was given: name them with --spf-domain and --dkim-domain.");
}

void print_reports(const std::vector<DmarcDestination>& reports) {
  for (const DmarcDestination& report : reports) {
    std::string words = fmt::format("{}: {}", report.uri, name(report.state));
    if (report.state == DmarcDestination::State::refused)
      words += fmt::format("; its domain must publish \"v=DMARC1\" at {}", report.question);
    print_row("reports", words);
  }
}

void print_text(const DmarcFindings& findings, bool color) {
  const DmarcVerdict& verdict = findings.verdict;
  const Style style = verdict.result == DmarcResult::pass   ? Style::good
                      : verdict.result == DmarcResult::none ? Style::warning
                                                            : Style::bad;
  const std::string& words = verdict.words.empty() ? verdict.problem : verdict.words;
  print(styled(fmt::format(" DMARC  {}", name(verdict.result)), style, color) + "\n\n");
  print_row("", words);
  print_row("From", verdict.organizational_domain.empty() ||
                            verdict.organizational_domain == verdict.from_domain
                        ? verdict.from_domain
                        : fmt::format("{}, which belongs to {}", verdict.from_domain,
                                      verdict.organizational_domain));
  if (verdict.record) print_policy(verdict);
  print_reports(findings.reports);
  for (const DmarcStep& step : verdict.steps) {
    const std::string found = step.record ? step.record->text
                              : step.records == 0
                                  ? "no record"
                                  : fmt::format("{} records, so none counts", step.records);
    print_row("asked", fmt::format("_dmarc.{}: {}", step.domain, found));
    for (const UnreadRecord& one : step.unread)
      print_row("warning", fmt::format("Receivers do not see the record that stands at _dmarc.{}, "
                                       "\"{}\": {}.",
                                       step.domain, one.text, one.why));
  }
  if (!verdict.record) return;
  for (const std::string& problem : verdict.record->problems) print_row("warning", problem);
  for (const std::string& remark : verdict.record->notes) print_row("note", remark);
}

std::string domain_of(const std::string& text) {
  const std::string domain = text.substr(text.rfind('@') + 1);
  auto converted = dns::to_a_labels(domain);
  return converted ? *converted : domain;
}

bool is_spf_result(std::string_view word) {
  for (SpfResult result : {SpfResult::none, SpfResult::neutral, SpfResult::pass, SpfResult::fail,
                           SpfResult::softfail, SpfResult::temperror, SpfResult::permerror})
    if (word == name(result)) return true;
  return false;
}

}  // namespace

int dmarc_check_command(const Global& global, const DmarcArguments& arguments) {
  auto patience = base::parse_duration(arguments.timeout);
  if (!patience) return report(patience.error());
  const std::string result = base::to_lower(arguments.spf_result);
  if (!is_spf_result(result)) {
    note(
        "waypost dmarc check: --spf-result is one of none, neutral, pass, fail, softfail, "
        "temperror, permerror\n");
    return exit_code::usage;
  }
  DmarcQuestion question;
  question.from_domain = domain_of(arguments.from);
  if (!arguments.spf_domain.empty())
    question.spf = DmarcIdentifier{domain_of(arguments.spf_domain), result == "pass", result};
  for (const std::string& domain : arguments.dkim_domains)
    question.dkim.push_back({domain_of(domain)});
  auto names = NameQuestions::create(global);
  if (!names) return names.error();
  DmarcAsking asking{std::move(question), **names, *patience};
  const DmarcFindings findings = (*names)->run(asking.run());
  if (global.json)
    print(to_json(findings));
  else
    print_text(findings, colors_output(global.color));
  if (findings.verdict.result == DmarcResult::temperror) return exit_code::could_not_finish;
  return findings.verdict.result == DmarcResult::pass ? exit_code::ok : exit_code::negative;
}

}  // namespace waypost::cli
