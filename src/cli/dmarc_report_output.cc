#include "cli/dmarc_report_output.h"

#include <algorithm>
#include <chrono>

#include <boost/json.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/time.h"
#include "base/utf8.h"
#include "cli/words.h"

namespace waypost::cli {
namespace {

namespace json = boost::json;
using explain::Page;
using explain::Tone;
using reports::DmarcCounts;
using reports::DmarcDomain;
using reports::DmarcSource;
using reports::DmarcSummary;
using reports::MayReject;

constexpr size_t failures_shown_max = 10;

std::string date(int64_t day) {
  const auto time = std::chrono::sys_days(std::chrono::days(day));
  return base::to_rfc3339(std::chrono::time_point_cast<WallTime::duration>(time)).substr(0, 10);
}

json::string text(std::string_view octets) { return json::string(base::to_valid_utf8(octets)); }

template <class Texts>
json::array texts(const Texts& all) {
  json::array array;
  for (const std::string& one : all) array.push_back(text(one));
  return array;
}

json::object counts_json(const DmarcCounts& counts) {
  return {{"messages", counts.messages}, {"aligned", counts.aligned},
          {"failed", counts.failed()},   {"by_dkim", counts.by_dkim},
          {"by_spf", counts.by_spf},     {"quarantined", counts.quarantined},
          {"rejected", counts.rejected}};
}

json::object source_json(const DmarcSource& source, const ReverseNames& names) {
  json::object object = counts_json(source.counts);
  object["address"] = source.address.text();
  const auto name = names.find(source.address);
  object["name"] = name == names.end() ? json::value(nullptr) : json::value(text(name->second));
  object["sender"] = reports::name(source.sender);
  object["first_day"] = date(source.first_day);
  object["last_day"] = date(source.last_day);
  object["passes_as"] = texts(source.passes_as);
  object["broken_signatures"] = source.broken_signatures;
  object["remedy"] = text(source.remedy);
  return object;
}

json::object domain_json(const DmarcDomain& domain, const ReverseNames& names) {
  json::object object = counts_json(domain.counts);
  object["domain"] = text(domain.domain);
  object["policy"] = text(domain.policy);
  object["subdomain_policy"] = text(domain.subdomain_policy);
  object["testing"] = domain.testing;
  object["reports"] = domain.reports;
  object["receivers"] = texts(domain.receivers);
  if (domain.advice.words.empty())
    object["advice"] = nullptr;
  else
    object["advice"] = json::object{{"may_reject", reports::name(domain.advice.may_reject)},
                                    {"words", text(domain.advice.words)},
                                    {"evidence", texts(domain.advice.evidence)}};
  json::object from;
  for (const auto& [name, counts] : domain.from)
    from[base::to_valid_utf8(name)] = counts_json(counts);
  object["from"] = std::move(from);
  json::array sources;
  for (const DmarcSource& source : domain.sources) sources.push_back(source_json(source, names));
  object["sources"] = std::move(sources);
  json::array days;
  for (const reports::DmarcDay& day : domain.days) {
    json::object& one = days.emplace_back(counts_json(day.counts)).get_object();
    one["day"] = date(day.day);
  }
  object["days"] = std::move(days);
  return object;
}

json::object failure_json(const message::FeedbackReport& report) {
  return {{"domains", texts(report.domains)},
          {"source", text(report.source_ip)},
          {"sender", text(report.mail_from)},
          {"arrived", text(report.arrival_date)},
          {"auth_failure", text(report.auth_failure)},
          {"alignment", text(report.alignment)},
          {"delivery", text(report.delivery_result)},
          {"message_id", text(report.message_id)},
          {"incidents", report.incidents}};
}

std::string_view title(reports::DmarcSender sender) {
  switch (sender) {
    case reports::DmarcSender::own:
      return "yours";
    case reports::DmarcSender::signed_by:
      return "signed by you";
    case reports::DmarcSender::forwarder:
      return "passed on";
    case reports::DmarcSender::service:
      return "in another name";
    case reports::DmarcSender::stranger:
      return "stranger";
  }
  return {};
}

void add_source(Page& page, const DmarcSource& source, const ReverseNames& names) {
  const auto name = names.find(source.address);
  page.line(fmt::format("  {:<15} {:>9} {:>9}  {} to {}  {}", title(source.sender),
                        source.counts.messages, source.counts.aligned, date(source.first_day),
                        date(source.last_day), source.address.text()),
            source.counts.failed() == 0 ? Tone::plain : Tone::quote);
  if (name != names.end()) page.paragraph(name->second, 18);
  page.paragraph(source.remedy, 18, source.counts.failed() == 0 ? Tone::plain : Tone::fix);
}

void add_domain(Page& page, const DmarcDomain& domain, const ReverseNames& names,
                size_t sources_max) {
  page.headline(domain.domain, domain.policy.empty() ? "no policy is stated" : "p=" + domain.policy,
                count(domain.counts.messages, "message"));
  page.blank();
  if (!domain.advice.words.empty()) {
    page.labelled("Reject?", domain.advice.words, Tone::verdict);
    for (const std::string& line : domain.advice.evidence) page.labelled("", line);
    page.blank();
  }
  page.line(
      fmt::format("  {:<15} {:>9} {:>9}  {:<24}  address", "sender", "messages", "aligned", "seen"),
      Tone::title);
  for (size_t i = 0; i < std::min(sources_max, domain.sources.size()); ++i)
    add_source(page, domain.sources[i], names);
  if (domain.sources.size() > sources_max)
    page.paragraph(fmt::format("and {} sources more: --limit shows them, --json has all.",
                               domain.sources.size() - sources_max),
                   2);
  page.blank();
}

void add_failures(Page& page, const std::vector<message::FeedbackReport>& failures) {
  page.line(fmt::format("{} about single messages that failed", count(failures.size(), "report")),
            Tone::title);
  for (size_t i = 0; i < std::min(failures_shown_max, failures.size()); ++i) {
    const message::FeedbackReport& one = failures[i];
    page.paragraph(fmt::format("{} from {}, From {}: {}", one.arrival_date, one.source_ip,
                               fmt::join(one.domains, ", "),
                               one.auth_failure.empty() ? "no cause is stated" : one.auth_failure),
                   2);
  }
  if (failures.size() > failures_shown_max)
    page.paragraph(
        fmt::format("and {} more, which --json has.", failures.size() - failures_shown_max), 2);
  page.blank();
}

}  // namespace

Page dmarc_page(const DmarcSummary& summary, const ReverseNames& names, size_t sources_max) {
  Page page;
  for (const DmarcDomain& domain : summary.domains) add_domain(page, domain, names, sources_max);
  if (!summary.failures.empty()) add_failures(page, summary.failures);
  for (const std::string& remark : summary.remarks) page.labelled("Note", remark);
  return page;
}

json::value dmarc_json(const DmarcSummary& summary, const ReverseNames& names) {
  json::array domains;
  for (const DmarcDomain& domain : summary.domains) domains.push_back(domain_json(domain, names));
  json::array failures;
  for (const auto& report : summary.failures) failures.push_back(failure_json(report));
  return json::object{{"schema", "waypost.dmarc-reports/1"},
                      {"domains", std::move(domains)},
                      {"failures", std::move(failures)},
                      {"remarks", texts(summary.remarks)}};
}

}  // namespace waypost::cli
