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
    ASSERT_EQ(received.size(), 1u) << path;
    ASSERT_TRUE(received[0]) << path << ": " << received[0].error().describe();
    ASSERT_TRUE(std::holds_alternative<DmarcReport>(*received[0])) << path;
    expect_report(std::get<DmarcReport>(*received[0]), json::parse(*wanted).as_object(), name);
    ++read;
  }
  EXPECT_EQ(read, 10u);
}

// What an XML reader of another language counted.
struct Counted {
  const char* file;
  const char* organisation;
  const char* domain;
  const char* policy;
  int64_t begin;
  size_t rows;
  uint64_t messages;
  uint64_t aligned;
  size_t signatures;
};

constexpr Counted counted[] = {
    {"opendmarc/163.com!example.com!1337270400!1337356799.20120518163.xml", "163.com",
     "example.com", "reject", 1337270400, 50, 92, 46, 50},
    {"opendmarc/good.com!example.com!1337270400!1337356799.xml", "126.com", "example.com", "reject",
     1337270400, 754, 183'934, 182'497, 697},
    {"opendmarc/yeah.net!example.com!1337270400!1337356799.20120518.xml", "yeah.net", "example.com",
     "reject", 1337270400, 254, 21'679, 21'506, 240},
    {"dmarc-report-viewer/acme.xml", "acme.com", "example.com", "none", 1335571200, 1, 2, 2, 1},
    {"dmarc-report-viewer/aol.xml", "AOL", "website.com", "reject", 1504742400, 1, 1, 1, 1},
    {"dmarc-report-viewer/gmxnet.xml", "GMX", "myserver.com", "reject", 1733184000, 1, 1, 1, 1},
    {"dmarc-report-viewer/google.xml", "google.com", "foo-bar.io", "reject", 1709683200, 1, 1, 1,
     1},
    {"dmarc-report-viewer/hardfail.xml", "reporting org", "mydomain.org", "quarantine", 1727049600,
     1, 1, 0, 1},
    {"dmarc-report-viewer/mailru.xml", "Mail.Ru", "foobar.de", "reject", 1721260800, 1, 1, 0, 0},
    {"dmarc-report-viewer/outlook.xml", "Outlook.com", "random.net", "reject", 1709683200, 2, 3, 3,
     2},
    {"dmarc-report-viewer/solamora.xml", "solarmora.com", "bix-business.com", "none", 1335571200, 1,
     2, 2, 1},
    {"dmarc-report-viewer/webde.xml", "WEB.DE", "foobar.com", "reject", 1722816000, 1, 1, 1, 1},
    {"dmarc-report-viewer/yahoo.xml", "Yahoo", "random.org", "reject", 1709510400, 1, 1, 1, 1},
};

TEST(DmarcReportSuite, finds_what_an_xml_reader_counts) {
  for (const Counted& wanted : counted) {
    const auto octets = read_test_data(std::string("dmarc-reports/") + wanted.file);
    if (!octets) NO_TEST_DATA("dmarc-reports/opendmarc");
    const auto received = message::read_received_dmarc(*octets);
    ASSERT_EQ(received.size(), 1u) << wanted.file;
    ASSERT_TRUE(received[0]) << wanted.file << ": " << received[0].error().describe();
    const auto& report = std::get<DmarcReport>(*received[0]);
    EXPECT_EQ(report.organisation, wanted.organisation);
    EXPECT_EQ(report.domain, wanted.domain) << wanted.file;
    EXPECT_EQ(report.policy, wanted.policy) << wanted.file;
    EXPECT_EQ(report.begin, wanted.begin) << wanted.file;
    EXPECT_GT(report.end, report.begin) << wanted.file;
    EXPECT_EQ(report.rows.size(), wanted.rows) << wanted.file;
    uint64_t messages = 0;
    uint64_t aligned = 0;
    size_t signatures = 0;
    for (const DmarcRow& row : report.rows) {
      messages += row.count;
      if (row.dkim == "pass" || row.spf == "pass") aligned += row.count;
      signatures += row.signatures.size();
      EXPECT_TRUE(IpAddress::parse(row.source_ip)) << wanted.file;
    }
    EXPECT_EQ(messages, wanted.messages) << wanted.file;
    EXPECT_EQ(aligned, wanted.aligned) << wanted.file;
    EXPECT_EQ(signatures, wanted.signatures) << wanted.file;
  }
}

TEST(DmarcReportSuite, says_where_a_broken_report_breaks) {
  const auto octets =
      read_test_data("dmarc-reports/opendmarc/bad.com!example.com!1337140800!1337227200.xml");
  if (!octets) NO_TEST_DATA("dmarc-reports/opendmarc");
  const auto received = message::read_received_dmarc(*octets);
  ASSERT_EQ(received.size(), 1u);
  ASSERT_FALSE(received[0]) << "its sixth line has a \"<\" that opens nothing";
  EXPECT_NE(received[0].error().message().find("line 6"), std::string::npos)
      << received[0].error().message();
}

}  // namespace
}  // namespace waypost::mailauth
