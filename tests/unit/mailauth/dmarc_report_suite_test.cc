#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "message/received_dmarc.h"
#include "tests/unit/mailauth/test_data.h"

// Reports of others, with what another reader found in them. It stands here since the suites of
// mail authentication are read here.
namespace waypost::mailauth {
namespace {

namespace json = boost::json;
using message::DmarcReport;
using message::DmarcRow;

// Their names of values are ours but for the case; "Unspecified" is what is not there.
std::string word(const json::value& value) {
  if (!value.is_string()) return "";
  const std::string text = base::to_lower(std::string_view(value.get_string()));
  return text == "unspecified" ? "" : text;
}

// What is stated must be found; the other reader fills in values where nothing is stated.
void expect_word(const std::string& found, const json::value& wanted, const std::string& where) {
  if (found.empty()) return;
  EXPECT_EQ(base::to_lower(found), word(wanted)) << where;
}

void expect_row(const DmarcRow& row, const json::object& wanted, const std::string& where) {
  const json::object& their = wanted.at("row").as_object();
  const json::object& policy = their.at("policy_evaluated").as_object();
  const json::object& names = wanted.at("identifiers").as_object();
  const json::object& results = wanted.at("auth_results").as_object();
  const auto address = IpAddress::parse(row.source_ip);
  ASSERT_TRUE(address) << where;
  EXPECT_EQ(*address, *IpAddress::parse(word(their.at("source_ip")))) << where;
  EXPECT_EQ(row.count, their.at("count").to_number<uint64_t>()) << where;
  expect_word(row.disposition, policy.at("disposition"), where);
  expect_word(row.dkim, policy.at("dkim"), where);
  expect_word(row.spf, policy.at("spf"), where);
  EXPECT_EQ(row.overrides.size(), policy.at("reason").as_array().size()) << where;
  EXPECT_EQ(base::to_lower(row.header_from), word(names.at("header_from"))) << where;
  EXPECT_EQ(base::to_lower(row.envelope_from), word(names.at("envelope_from"))) << where;
  const json::array& signatures = results.at("dkim").as_array();
  ASSERT_EQ(row.signatures.size(), signatures.size()) << where;
  for (size_t i = 0; i < signatures.size(); ++i) {
    EXPECT_EQ(base::to_lower(row.signatures[i].domain), word(signatures[i].at("domain"))) << where;
    EXPECT_EQ(base::to_lower(row.signatures[i].selector), word(signatures[i].at("selector")));
    expect_word(row.signatures[i].result, signatures[i].at("result"), where);
  }
  const json::array& senders = results.at("spf").as_array();
  if (senders.empty()) return;
  EXPECT_EQ(base::to_lower(row.spf_domain), word(senders.back().at("domain"))) << where;
  expect_word(row.spf_result, senders.back().at("result"), where);
}

void expect_report(const DmarcReport& report, const json::object& wanted,
                   const std::string& where) {
  const json::object& about = wanted.at("report_metadata").as_object();
  const json::object& policy = wanted.at("policy_published").as_object();
  EXPECT_EQ(base::to_lower(report.organisation), word(about.at("org_name"))) << where;
  EXPECT_EQ(base::to_lower(report.email), word(about.at("email"))) << where;
  EXPECT_EQ(base::to_lower(report.report_id), word(about.at("report_id"))) << where;
  EXPECT_EQ(report.begin, about.at("date_range").at("begin").to_number<int64_t>()) << where;
  EXPECT_EQ(report.end, about.at("date_range").at("end").to_number<int64_t>()) << where;
  EXPECT_EQ(report.errors.size(), about.at("error").as_array().size()) << where;
  EXPECT_EQ(base::to_lower(report.domain), word(policy.at("domain"))) << where;
  expect_word(report.policy, policy.at("p"), where);
  expect_word(report.subdomain_policy, policy.at("sp"), where);
  EXPECT_EQ(report.testing, policy.at("testing").as_bool()) << where;
  const json::array& rows = wanted.at("record").as_array();
  ASSERT_EQ(report.rows.size(), rows.size()) << where;
  for (size_t i = 0; i < rows.size(); ++i)
    expect_row(report.rows[i], rows[i].as_object(), where + ", row " + std::to_string(i));
}

TEST(DmarcReportSuite, reads_what_another_reader_found) {
  size_t read = 0;
  for (int number : {1, 2, 3, 4, 5, 100, 101, 102, 103, 104}) {
    std::string name = std::to_string(number);
    name.insert(0, 3 - name.size(), '0');
    const std::string path = "dmarc-reports/mail-auth/" + name;
    const auto wanted = read_test_data(path + ".json");
    auto octets = read_test_data(path + ".xml");
    if (!octets) octets = read_test_data(path + ".eml");
    if (!wanted || !octets) NO_TEST_DATA("dmarc-reports/mail-auth");
    const auto received = message::read_received_dmarc(*octets);
    ASSERT_TRUE(received) << path << ": " << received.error().describe();
    ASSERT_TRUE(std::holds_alternative<DmarcReport>(*received)) << path;
    expect_report(std::get<DmarcReport>(*received), json::parse(*wanted).as_object(), name);
    ++read;
  }
  EXPECT_EQ(read, 10u);
}

}  // namespace
}  // namespace waypost::mailauth
