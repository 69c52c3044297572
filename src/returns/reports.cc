#include "returns/reports.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/time.h"
#include "base/utf8.h"

namespace waypost::returns {
namespace {

using message::DmarcReport;
using message::DmarcRow;
using message::FeedbackReport;
using message::ReceivedDmarc;

constexpr size_t name_octets_max = 100;
constexpr size_t results_told_max = 3;

std::string shown(std::string_view text) {
  if (text.empty()) return "?";
  return base::escape_control(base::to_valid_utf8(text.substr(0, name_octets_max)));
}

std::string day_of(int64_t seconds) {
  return base::to_rfc3339(WallTime(std::chrono::seconds(seconds))).substr(0, 10);
}

std::string told_of_aggregate(const DmarcReport& report) {
  uint64_t messages = 0;
  uint64_t unaligned = 0;
  std::set<std::string_view> sources;
  for (const DmarcRow& row : report.rows) {
    messages += row.count;
    if (row.dkim != "pass" && row.spf != "pass") unaligned += row.count;
    sources.insert(row.source_ip);
  }
  return fmt::format("{} about {}, {}: {} messages from {} addresses, {} not aligned",
                     shown(report.organisation), shown(report.domain), day_of(report.begin),
                     messages, sources.size(), unaligned);
}

std::string told_of_failure(const FeedbackReport& report) {
  return fmt::format("{} about {}, from {}: {}",
                     shown(report.reporting_mta.empty() ? report.user_agent : report.reporting_mta),
                     shown(reported_domain(report)), shown(report.source_ip),
                     shown(report.auth_failure));
}

// A time that no calendar has would make no text.
bool has_day(const DmarcReport& report) {
  constexpr int64_t year_10000 = 253'402'300'800;
  return report.begin >= 0 && report.begin < year_10000;
}

}  // namespace

std::optional<ReceivedDmarc> take_dmarc(bounces::Incoming& incoming) {
  if (incoming.dmarc && *incoming.dmarc && has_day(**incoming.dmarc))
    return ReceivedDmarc(**std::move(incoming.dmarc));
  if (incoming.complaint && incoming.complaint->type == "auth-failure")
    return ReceivedDmarc(*std::move(incoming.complaint));
  return std::nullopt;
}

std::string reported_domain(const ReceivedDmarc& report) {
  if (const auto* aggregate = std::get_if<DmarcReport>(&report))
    return base::to_lower(aggregate->domain);
  const auto& failure = std::get<FeedbackReport>(report);
  return failure.domains.empty() ? std::string() : base::to_lower(failure.domains.front());
}

std::string told_of(const ReceivedDmarc& report) {
  if (const auto* aggregate = std::get_if<DmarcReport>(&report))
    return told_of_aggregate(*aggregate);
  return told_of_failure(std::get<FeedbackReport>(report));
}

std::string told_of(const message::TlsReport& report) {
  uint64_t successes = 0;
  uint64_t failures = 0;
  std::set<std::string> domains;
  std::set<std::string> results;
  for (const message::TlsPolicy& policy : report.policies) {
    successes += policy.successes;
    failures += policy.failures;
    domains.insert(shown(policy.domain));
    for (const message::TlsFailure& failure : policy.details)
      if (results.size() < results_told_max) results.insert(shown(failure.result));
  }
  std::string text =
      fmt::format("{} about {}, {}: {} sessions with TLS, {} without", shown(report.organisation),
                  domains.empty() ? "?" : *domains.begin(), shown(report.begin.substr(0, 10)),
                  successes, failures);
  if (!results.empty()) text += fmt::format(" ({})", fmt::join(results, ", "));
  return text;
}

}  // namespace waypost::returns
