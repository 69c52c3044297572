#include "returns/reports.h"

#include <gtest/gtest.h>

namespace waypost::returns {
namespace {

using bounces::Incoming;
using bounces::Kind;

Incoming aggregate() {
  message::DmarcReport report;
  report.organisation = "google.com";
  report.domain = "Shop.Example";
  report.begin = 1'763'596'800;  // 2025-11-20
  report.end = report.begin + 86'399;
  message::DmarcRow good;
  good.source_ip = "192.0.2.1";
  good.count = 40;
  good.dkim = "pass";
  good.spf = "fail";
  message::DmarcRow bad;
  bad.source_ip = "192.0.2.2";
  bad.count = 2;
  report.rows = {good, bad, good};
  Incoming incoming;
  incoming.kind = Kind::dmarc_report;
  incoming.dmarc = std::move(report);
  return incoming;
}

TEST(Reports, an_aggregate_report_is_told_in_one_line) {
  Incoming incoming = aggregate();
  const auto taken = take_dmarc(incoming);
  ASSERT_TRUE(taken);
  EXPECT_EQ(reported_domain(*taken), "shop.example");
  EXPECT_EQ(
      told_of(*taken),
      "google.com about Shop.Example, 2025-11-20: 82 messages from 2 addresses, 2 not aligned");
}

TEST(Reports, a_failure_report_is_one_and_a_complaint_is_none) {
  Incoming incoming;
  incoming.kind = Kind::arf;
  incoming.complaint.emplace();
  incoming.complaint->type = "abuse";
  incoming.complaint->domains = {"Shop.example"};
  EXPECT_FALSE(take_dmarc(incoming));
  incoming.complaint->type = "auth-failure";
  incoming.complaint->auth_failure = "dmarc";
  incoming.complaint->user_agent = "evil\r\n\x1b[2J";
  const auto taken = take_dmarc(incoming);
  ASSERT_TRUE(taken);
  EXPECT_EQ(reported_domain(*taken), "shop.example");
  EXPECT_EQ(told_of(*taken), "evil\\x0d\\x0a\\x1b[2J about shop.example, from ?: dmarc");
}

TEST(Reports, what_is_broken_or_has_no_day_is_left_to_people) {
  Incoming incoming;
  EXPECT_FALSE(take_dmarc(incoming));
  incoming.dmarc =
      base::Result<message::DmarcReport>(failure(ErrorCode::invalid_input, "no such report"));
  EXPECT_FALSE(take_dmarc(incoming));
  for (const int64_t begin : {INT64_MIN, int64_t{-1}, INT64_MAX}) {
    Incoming odd = aggregate();
    (**odd.dmarc).begin = begin;
    EXPECT_FALSE(take_dmarc(odd)) << begin;
  }
}

TEST(Reports, a_tls_report_says_what_went_wrong) {
  message::TlsReport report;
  report.organisation = "google.com";
  report.begin = "2026-11-20T00:00:00Z";
  report.policies.push_back(
      {"sts", "shop.example", 120, 3, {{"certificate-expired", "", "", "", 3, ""}}});
  EXPECT_EQ(told_of(report),
            "google.com about shop.example, 2026-11-20: 120 sessions with TLS, 3 without "
            "(certificate-expired)");
  EXPECT_EQ(told_of(message::TlsReport()), "? about ?, ?: 0 sessions with TLS, 0 without");
}

}  // namespace
}  // namespace waypost::returns
