#include "reports/dmarc_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reports/dmarc_advice.h"

namespace waypost::reports {
namespace {

using message::DmarcReport;
using message::DmarcRow;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t first_begin = 1'790'000'000 / 86'400 * 86'400;

DmarcRow row(std::string address, uint64_t count, std::string dkim, std::string spf) {
  DmarcRow row;
  row.source_ip = std::move(address);
  row.count = count;
  row.dkim = std::move(dkim);
  row.spf = std::move(spf);
  row.header_from = "shop.example";
  return row;
}

DmarcRow named(DmarcRow row, std::string spf_domain, std::string signer, std::string result) {
  row.spf_domain = std::move(spf_domain);
  row.spf_result = "pass";
  if (!signer.empty()) row.signatures.push_back({std::move(signer), "s", std::move(result)});
  return row;
}

DmarcReport report(int day, std::vector<DmarcRow> rows) {
  DmarcReport report;
  report.organisation = "receiver.example";
  report.report_id = std::to_string(day);
  report.domain = "Shop.Example";
  report.policy = "none";
  report.begin = first_begin + day * 86'400;
  report.end = report.begin + 86'399;
  report.rows = std::move(rows);
  return report;
}

bool nobody(const std::string&, const IpAddress&) { return false; }

// The same rows on each of `days` days.
DmarcSummary summary(int days, const std::vector<DmarcRow>& rows, DmarcFilter filter = {},
                     const IsOurs& is_ours = nobody) {
  DmarcCollector collector(std::move(filter));
  for (int day = 0; day < days; ++day) collector.add(report(day, rows));
  return std::move(collector).finish(is_ours);
}

DmarcSource only_source(const DmarcRow& row, const IsOurs& is_ours = nobody) {
  const DmarcSummary found = summary(1, {row}, {}, is_ours);
  return found.domains.at(0).sources.at(0);
}

TEST(DmarcSummary, counts_by_source_and_day) {
  const DmarcSummary found =
      summary(3, {row("192.0.2.1", 10, "pass", "pass"), row("2001:db8::1", 2, "fail", "fail")});
  ASSERT_EQ(found.domains.size(), 1u);
  const DmarcDomain& domain = found.domains[0];
  EXPECT_EQ(domain.domain, "shop.example");
  EXPECT_EQ(domain.reports, 3u);
  EXPECT_EQ(domain.counts.messages, 36u);
  EXPECT_EQ(domain.counts.aligned, 30u);
  EXPECT_EQ(domain.days.size(), 3u);
  ASSERT_EQ(domain.sources.size(), 2u);
  EXPECT_EQ(domain.sources[0].address.text(), "192.0.2.1");
  EXPECT_EQ(domain.sources[0].last_day - domain.sources[0].first_day, 2);
  EXPECT_THAT(domain.receivers, ElementsAre("receiver.example"));
}

TEST(DmarcSummary, counts_a_report_once) {
  DmarcCollector collector{DmarcFilter{}};
  const DmarcReport once = report(1, {row("192.0.2.1", 10, "pass", "pass")});
  DmarcReport dotted = once;
  dotted.domain = "SHOP.example.";
  for (const DmarcReport& each : {once, once, dotted}) collector.add(each);
  DmarcReport without_id = report(2, {row("192.0.2.1", 1, "pass", "pass")});
  without_id.report_id.clear();
  collector.add(without_id);
  without_id.begin += 86'400;
  without_id.end += 86'400;
  collector.add(without_id);
  message::FeedbackReport failed;
  failed.source_ip = "192.0.2.7";
  failed.domains = {"shop.example"};
  for (const char* arrived : {"today", "today", "yesterday"}) {
    failed.arrival_date = arrived;
    collector.add(failed);
  }
  const DmarcSummary found = std::move(collector).finish(nobody);
  ASSERT_EQ(found.domains.size(), 1u);
  EXPECT_EQ(found.domains[0].reports, 3u);
  EXPECT_EQ(found.domains[0].counts.messages, 12u);
  EXPECT_EQ(found.failures.size(), 2u);
  EXPECT_THAT(found.remarks, ElementsAre(HasSubstr("more than once: 3")));
}

TEST(DmarcSummary, tells_senders_apart) {
  EXPECT_EQ(only_source(row("192.0.2.1", 5, "fail", "pass")).sender, DmarcSender::own);
  EXPECT_EQ(only_source(row("192.0.2.1", 5, "pass", "fail")).sender, DmarcSender::signed_by);
  EXPECT_EQ(only_source(row("192.0.2.1", 5, "fail", "fail")).sender, DmarcSender::stranger);
  EXPECT_EQ(only_source(row("192.0.2.1", 5, "fail", "fail"),
                        [](const auto&, const auto&) { return true; })
                .sender,
            DmarcSender::own);
  const DmarcSource service =
      only_source(named(row("192.0.2.1", 5, "fail", "fail"), "Bounces.ESP.example", "", ""));
  EXPECT_EQ(service.sender, DmarcSender::service);
  EXPECT_THAT(service.remedy, HasSubstr("in the name of bounces.esp.example"));
  const DmarcSource forwarder = only_source(
      named(row("192.0.2.1", 5, "fail", "fail"), "list.example", "mail.shop.example", "fail"));
  EXPECT_EQ(forwarder.sender, DmarcSender::forwarder);
  EXPECT_EQ(forwarder.broken_signatures, 5u);
  DmarcRow forwarded = row("192.0.2.1", 5, "fail", "fail");
  forwarded.overrides = {"mailing_list"};
  EXPECT_EQ(only_source(forwarded).sender, DmarcSender::forwarder);
}

TEST(DmarcSummary, does_not_take_a_name_that_only_ends_alike_for_the_domain) {
  const DmarcSource source =
      only_source(named(row("192.0.2.1", 5, "fail", "fail"), "notshop.example", "", ""));
  EXPECT_EQ(source.sender, DmarcSender::service);
}

struct AdviceCase {
  const char* why;
  int days;
  std::vector<DmarcRow> rows;
  MayReject may_reject;
  const char* words;
};

TEST(DmarcAdvice, follows_the_evidence) {
  const DmarcRow good = row("192.0.2.1", 100, "pass", "pass");
  const AdviceCase cases[] = {
      {"all is aligned", 20, {good}, MayReject::yes, "Yes: what is yours"},
      {"strangers fail",
       20,
       {good, row("203.0.113.9", 900, "fail", "fail")},
       MayReject::yes,
       "comes from strangers"},
      {"too few days", 13, {good}, MayReject::unknown, "there are 13"},
      {"too few messages",
       14,
       {row("192.0.2.1", 7, "pass", "pass")},
       MayReject::unknown,
       "14 and 98"},
      {"ours fails",
       2,
       {good, row("192.0.2.1", 9, "fail", "fail")},
       MayReject::no,
       "18 messages from 192.0.2.1"},
      {"a service fails",
       20,
       {good, named(row("198.51.100.1", 9, "fail", "fail"), "esp.example", "esp.example", "pass")},
       MayReject::after_a_look,
       "180 messages come from services"},
      {"a list breaks it",
       20,
       {good,
        named(row("198.51.100.1", 9, "fail", "fail"), "list.example", "shop.example", "fail")},
       MayReject::after_a_look,
       "changed by who passed them on"},
      {"chance",
       20,
       {row("192.0.2.1", 10'000, "pass", "pass"), row("192.0.2.1", 1, "fail", "fail")},
       MayReject::yes,
       "20 messages"},
      {"no mail of its own",
       20,
       {row("203.0.113.9", 90, "fail", "fail")},
       MayReject::yes,
       "if this domain sends no mail"},
  };
  for (const AdviceCase& one : cases) {
    const DmarcAdvice advice = summary(one.days, one.rows).domains.at(0).advice;
    EXPECT_EQ(name(advice.may_reject), name(one.may_reject)) << one.why << ": " << advice.words;
    EXPECT_THAT(advice.words, HasSubstr(one.words)) << one.why;
    EXPECT_GE(advice.evidence.size(), 2u);
  }
}

TEST(DmarcSummary, filters) {
  const std::vector<DmarcRow> rows{row("192.0.2.1", 10, "pass", "pass"),
                                   row("192.0.2.2", 2, "fail", "fail")};
  DmarcSummary failed = summary(2, rows);
  keep_unaligned(failed);
  ASSERT_EQ(failed.domains.at(0).sources.size(), 1u);
  EXPECT_EQ(failed.domains[0].counts.messages, 24u) << "the sums are of all";
  DmarcFilter source;
  source.source = *IpAddress::parse("192.0.2.1");
  EXPECT_EQ(summary(2, rows, source).domains.at(0).counts.messages, 20u);
  EXPECT_EQ(summary(2, rows, source).domains.at(0).advice.words, "");
  DmarcFilter since;
  since.since_day = first_begin / 86'400 + 1;
  EXPECT_EQ(summary(2, rows, since).domains.at(0).days.size(), 1u);
  DmarcFilter other;
  other.domain = "other.example";
  EXPECT_TRUE(summary(2, rows, other).domains.empty());
}

TEST(DmarcSummary, leaves_out_what_makes_no_sense_and_says_so) {
  DmarcCollector collector{DmarcFilter{}};
  DmarcReport odd = report(0, {row("192.0.2.1", 1, "pass", "pass")});
  for (auto [begin, end] : {std::pair<int64_t, int64_t>{0, 200},
                            {INT64_MIN, INT64_MAX},
                            {first_begin, first_begin - 1},
                            {first_begin, first_begin + 40 * 86'400},
                            {INT64_MAX - 1, INT64_MAX}}) {
    odd.begin = begin;
    odd.end = end;
    collector.add(odd);
  }
  collector.add(report(0, {row("no address", 1, "pass", "pass"), row("192.0.2.1", 0, "", "")}));
  const DmarcSummary found = std::move(collector).finish(nobody);
  EXPECT_EQ(found.remarks.size(), 6u);
  EXPECT_THAT(found.remarks.back(), HasSubstr("can be read: 2"));
  for (const DmarcDomain& domain : found.domains) EXPECT_EQ(domain.counts.messages, 0u);
}

TEST(DmarcSummary, has_sums_that_do_not_overflow) {
  DmarcCounts counts{UINT64_MAX - 1, 5, 0, 0, 0, 0};
  counts.add({10, 10, 0, 0, 0, 0});
  EXPECT_EQ(counts.messages, UINT64_MAX - 1);
  EXPECT_LE(counts.failed(), counts.messages);
}

}  // namespace
}  // namespace waypost::reports
