#include "reports/dmarc_summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "message/received_dmarc.h"
#include "reports/dmarc_advice.h"

namespace waypost::reports {
namespace {

using message::DmarcReport;
using message::DmarcRow;

constexpr int64_t seconds_a_day = 86'400;
constexpr int64_t latest_time = 4'102'444'800;  // 2100
constexpr int64_t report_days_max = 32;
constexpr size_t remarks_max = 100;

uint64_t sum(uint64_t a, uint64_t b) { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

bool is_same_or_below(std::string_view domain, std::string_view above) {
  if (domain == above) return true;
  return domain.size() > above.size() && domain.ends_with(above) &&
         domain[domain.size() - above.size() - 1] == '.';
}

void add_name(std::set<std::string>& names, std::string_view name) {
  if (!name.empty() && names.size() < dmarc_names_max) names.emplace(name);
}

DmarcCounts counts_of(const DmarcRow& row) {
  DmarcCounts counts;
  const bool by_dkim = base::equals_ignoring_case(row.dkim, "pass");
  const bool by_spf = base::equals_ignoring_case(row.spf, "pass");
  counts.messages = row.count;
  counts.aligned = by_dkim || by_spf ? row.count : 0;
  counts.by_dkim = by_dkim ? row.count : 0;
  counts.by_spf = by_spf ? row.count : 0;
  counts.quarantined = base::equals_ignoring_case(row.disposition, "quarantine") ? row.count : 0;
  counts.rejected = base::equals_ignoring_case(row.disposition, "reject") ? row.count : 0;
  return counts;
}

// Reasons of RFC 9990 §3.1.1.8 and of the schema before it.
bool was_passed_on(const DmarcRow& row) {
  return std::any_of(row.overrides.begin(), row.overrides.end(), [](const std::string& reason) {
    return reason == "forwarded" || reason == "mailing_list" || reason == "trusted_forwarder";
  });
}

void take_results(const DmarcRow& row, const std::string& domain, DmarcSource& source) {
  bool is_broken = false;
  for (const message::DmarcSignature& signature : row.signatures) {
    const std::string signer = base::to_lower(signature.domain);
    const bool passed = base::equals_ignoring_case(signature.result, "pass");
    if (!is_same_or_below(signer, domain)) {
      if (passed) add_name(source.passes_as, signer);
    } else if (!passed) {
      is_broken = true;
    }
  }
  const std::string sender = base::to_lower(row.spf_domain);
  if (base::equals_ignoring_case(row.spf_result, "pass") && !is_same_or_below(sender, domain))
    add_name(source.passes_as, sender);
  if (is_broken) source.broken_signatures = sum(source.broken_signatures, row.count);
  if (was_passed_on(row)) source.passed_on = sum(source.passed_on, row.count);
}

}  // namespace

void DmarcCounts::add(const DmarcCounts& other) {
  // One that is full must not seem to have failed less or more than it did.
  if (messages > UINT64_MAX - other.messages) return;
  messages += other.messages;
  aligned += other.aligned;
  by_dkim += other.by_dkim;
  by_spf += other.by_spf;
  quarantined += other.quarantined;
  rejected += other.rejected;
}

std::string_view name(DmarcSender sender) {
  static constexpr std::string_view names[] = {"own", "signed", "forwarder", "service", "stranger"};
  return names[size_t(sender)];
}

std::string_view name(MayReject answer) {
  static constexpr std::string_view names[] = {"yes", "after-a-look", "no", "unknown"};
  return names[size_t(answer)];
}

bool has_sane_times(const DmarcReport& report) {
  return report.begin > 0 && report.end >= report.begin && report.end < latest_time &&
         report.end - report.begin <= report_days_max * seconds_a_day;
}

int64_t day_of(const DmarcReport& report) {
  return (report.begin + (report.end - report.begin) / 2) / seconds_a_day;
}

struct DmarcCollector::Sums {
  struct Domain {
    DmarcDomain domain;
    int64_t newest = 0;
    std::map<IpAddress, DmarcSource> sources;
    std::map<int64_t, DmarcCounts> days;
  };

  DmarcFilter filter;
  std::map<std::string, Domain> domains;
  std::set<message::DmarcKey> seen;
  std::set<message::FailureKey> seen_failures;
  uint64_t again = 0;
  size_t sources = 0;
  uint64_t rows_left_out = 0;
  uint64_t rows_over_limit = 0;
  DmarcSummary summary;

  void remark(std::string text) {
    if (summary.remarks.size() < remarks_max) summary.remarks.push_back(std::move(text));
  }

  Domain* domain_of(const std::string& name) {
    if (auto found = domains.find(name); found != domains.end()) return &found->second;
    if (domains.size() >= dmarc_domains_max) return nullptr;
    Domain& made = domains[name];
    made.domain.domain = name;
    return &made;
  }

  bool wants(const std::string& from) const {
    return filter.domain.empty() || is_same_or_below(from, filter.domain);
  }

  void add(const DmarcRow& row, const std::string& from, int64_t day, Domain& into) {
    auto address = IpAddress::parse(base::trim(row.source_ip));
    if (!address || row.count == 0) {
      ++rows_left_out;
      return;
    }
    if (filter.source && *address != *filter.source) return;
    auto found = into.sources.find(*address);
    if (found == into.sources.end()) {
      if (sources >= dmarc_sources_max) {
        ++rows_over_limit;
        return;
      }
      ++sources;
      found = into.sources.emplace(*address, DmarcSource{}).first;
      found->second.address = *address;
      found->second.first_day = day;
    }
    DmarcSource& source = found->second;
    const DmarcCounts counts = counts_of(row);
    source.counts.add(counts);
    source.first_day = std::min(source.first_day, day);
    source.last_day = std::max(source.last_day, day);
    take_results(row, into.domain.domain, source);
    into.domain.counts.add(counts);
    into.days[day].add(counts);
    if (into.domain.from.size() < dmarc_names_max || into.domain.from.contains(from))
      into.domain.from[from].add(counts);
  }
};

DmarcCollector::DmarcCollector(DmarcFilter filter) : sums_(std::make_unique<Sums>()) {
  sums_->filter = std::move(filter);
}
DmarcCollector::~DmarcCollector() = default;
DmarcCollector::DmarcCollector(DmarcCollector&&) noexcept = default;

void DmarcCollector::add(const DmarcReport& report) {
  const message::DmarcKey key = message::key_of(report);
  const std::string& name = std::get<2>(key);
  if (!sums_->seen.insert(key).second) {
    ++sums_->again;
    return;
  }
  if (!has_sane_times(report)) {
    sums_->remark(
        fmt::format("Report {} of {} about {} is left out: its times ({} to {}) make no "
                    "sense.",
                    report.report_id, report.organisation, name, report.begin, report.end));
    return;
  }
  const int64_t day = day_of(report);
  if (sums_->filter.since_day && day < *sums_->filter.since_day) return;
  if (report.cut_off)
    sums_->remark(fmt::format("Report {} of {} has more than {} rows; the others are left out.",
                              report.report_id, report.organisation, message::dmarc_rows_max));
  for (const std::string& error : report.errors)
    sums_->remark(fmt::format("{} met an error: {}", report.organisation, error));
  Sums::Domain* into = nullptr;
  for (const DmarcRow& row : report.rows) {
    const std::string from = base::to_lower(row.header_from.empty() ? name : row.header_from);
    if (!sums_->wants(from)) continue;
    if (into == nullptr) into = sums_->domain_of(name);
    if (into == nullptr) {
      sums_->remark(fmt::format("More than {} domains: {} is left out.", dmarc_domains_max, name));
      return;
    }
    sums_->add(row, from, day, *into);
  }
  if (into == nullptr) return;
  ++into->domain.reports;
  add_name(into->domain.receivers, report.organisation);
  if (report.end < into->newest) return;
  into->newest = report.end;
  into->domain.policy = base::to_lower(report.policy);
  into->domain.subdomain_policy = base::to_lower(report.subdomain_policy);
  into->domain.testing = report.testing;
}

void DmarcCollector::add(const message::FeedbackReport& report) {
  const DmarcFilter& filter = sums_->filter;
  const bool fits =
      filter.domain.empty() ||
      std::any_of(report.domains.begin(), report.domains.end(), [&](const std::string& domain) {
        return is_same_or_below(base::to_lower(domain), filter.domain);
      });
  auto address = IpAddress::parse(report.source_ip);
  if (!fits || (filter.source && (!address || *address != *filter.source))) return;
  if (!sums_->seen_failures.insert(message::key_of(report)).second) {
    ++sums_->again;
    return;
  }
  if (sums_->summary.failures.size() < dmarc_failures_max)
    sums_->summary.failures.push_back(report);
}

void judge(DmarcSummary& summary, const IsOurs& is_ours) {
  for (DmarcDomain& domain : summary.domains) {
    for (DmarcSource& source : domain.sources)
      judge(source, is_ours(domain.domain, source.address));
    if (!summary.of_one_source) domain.advice = advise(domain);
  }
}

void keep_unaligned(DmarcSummary& summary) {
  for (DmarcDomain& domain : summary.domains)
    std::erase_if(domain.sources, [](const auto& one) { return one.counts.failed() == 0; });
}

DmarcSummary DmarcCollector::finish(const IsOurs& is_ours) && {
  DmarcSummary summary = std::move(sums_->summary);
  if (sums_->again > 0)
    summary.remarks.push_back(fmt::format(
        "Reports that stand there more than once: {}. Each counts once.", sums_->again));
  if (sums_->rows_left_out > 0)
    summary.remarks.push_back(
        fmt::format("Rows without an address or without a count that can be "
                    "read: {}. They are left out.",
                    sums_->rows_left_out));
  if (sums_->rows_over_limit > 0)
    summary.remarks.push_back(fmt::format("More than {} sending addresses: {} rows are left out.",
                                          dmarc_sources_max, sums_->rows_over_limit));
  for (auto& [name, sums] : sums_->domains) {
    DmarcDomain& domain = summary.domains.emplace_back(std::move(sums.domain));
    for (auto& [address, source] : sums.sources) domain.sources.push_back(std::move(source));
    for (auto& [day, counts] : sums.days) domain.days.push_back({day, counts});
    std::stable_sort(
        domain.sources.begin(), domain.sources.end(),
        [](const auto& a, const auto& b) { return a.counts.messages > b.counts.messages; });
  }
  std::stable_sort(
      summary.domains.begin(), summary.domains.end(),
      [](const auto& a, const auto& b) { return a.counts.messages > b.counts.messages; });
  summary.of_one_source = sums_->filter.source.has_value();
  judge(summary, is_ours);
  return summary;
}

}  // namespace waypost::reports
