#include "message/received_dmarc.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::message {
namespace {

using testing::HasSubstr;

std::string xml(std::string_view encoding, std::string_view name, std::string_view count) {
  return "<?xml version=\"1.0\" encoding=\"" + std::string(encoding) +
         "\"?>\n<feedback><report_metadata><org_name>" + std::string(name) +
         "</org_name><error>one</error></report_metadata><policy_published><domain>a.test</domain>"
         "<testing>y</testing></policy_published><record><row><source_ip>192.0.2.1</"
         "source_ip><count>" +
         std::string(count) + "</count></row></record></feedback>";
}

DmarcReport aggregate(std::string_view octets) {
  auto read = read_received_dmarc(octets);
  EXPECT_TRUE(read) << read.error().describe();
  if (!read || !std::holds_alternative<DmarcReport>(*read)) return {};
  return std::get<DmarcReport>(*std::move(read));
}

TEST(ReceivedDmarc, is_read_whatever_its_encoding_says) {
  EXPECT_EQ(aggregate(xml("UTF-8", "Caf\xc3\xa9", "1")).organisation, "Caf\u00e9");
  EXPECT_EQ(aggregate(xml("ISO-8859-1", "Caf\xe9", "1")).organisation, "Caf\u00e9");
  EXPECT_EQ(aggregate(xml("UTF-8", "Caf\xe9", "1")).organisation, "Caf\ufffd");
  EXPECT_EQ(aggregate(xml("x-nobody", "Caf\xc3\xa9", "1")).organisation, "Caf\u00e9");
  EXPECT_EQ(aggregate("\r\n " + xml("UTF-8", "late", "1")).organisation, "late");
}

TEST(ReceivedDmarc, has_counts_only_that_are_numbers) {
  EXPECT_EQ(aggregate(xml("UTF-8", "x", "17")).rows.at(0).count, 17u);
  for (const char* odd :
       {"-3", "1e3", "", "7 messages", "99999999999999999999", "1000000000001", "1.5", ".0", "1.0.0"})
    EXPECT_EQ(aggregate(xml("UTF-8", "x", odd)).rows.at(0).count, 0u) << odd;
}

TEST(ReceivedDmarc, has_numbers_that_are_written_with_a_fraction_of_zero) {
  for (const char* odd : {"120.0", "120.", "120.000"})
    EXPECT_EQ(aggregate(xml("UTF-8", "x", odd)).rows.at(0).count, 120u) << odd;
  EXPECT_EQ(aggregate(xml("UTF-8", "x", "120")).rows.at(0).count, 120u);
  const DmarcReport report = aggregate(
      "<feedback><report_metadata><date_range><begin>1337270400.0</begin><end>1337356799.0</end>"
      "</date_range></report_metadata></feedback>");
  EXPECT_EQ(report.begin, 1'337'270'400);
  EXPECT_EQ(report.end, 1'337'356'799);
}

TEST(ReceivedDmarc, has_what_the_newer_schema_added) {
  const DmarcReport report = aggregate(xml("UTF-8", "x", "1"));
  EXPECT_TRUE(report.testing);
  EXPECT_THAT(report.errors, testing::ElementsAre("one"));
}

TEST(ReceivedDmarc, of_a_message_is_what_it_carries) {
  const std::string head = "From: r@b.test\nSubject: Report Domain: a.test\nMIME-Version: 1.0\n";
  EXPECT_EQ(
      aggregate(head + "Content-Type: text/xml\n\n" + xml("UTF-8", "mailed", "1")).organisation,
      "mailed");
  const std::string failed =
      "From: r@b.test\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
      "--x\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\n"
      "Source-IP: 192.0.2.7\nReported-Domain: a.test\nIdentity-Alignment: none\n--x--\n";
  auto read = read_received_dmarc(failed);
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(std::get<FeedbackReport>(*read).alignment, "none");
}

TEST(ReceivedDmarc, says_what_other_things_are) {
  auto complaint = read_received_dmarc(
      "From: r@b.test\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
      "--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--x--\n");
  ASSERT_FALSE(complaint);
  EXPECT_THAT(complaint.error().message(), HasSubstr("a complaint (abuse)"));
  EXPECT_FALSE(read_received_dmarc("From: a@b.test\nSubject: hello\n\nhello\n"));
  EXPECT_FALSE(read_received_dmarc(""));
}

TEST(Mbox, is_taken_apart) {
  EXPECT_EQ(messages_of_mbox("Subject: x\n\ny").size(), 1u);
  const auto messages =
      messages_of_mbox("From a Mon\nSubject: 1\n\n>From here\n\nFrom b Tue\nSubject: 2\n\ny\n");
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_THAT(std::string(messages[1]), HasSubstr("Subject: 2"));
}

}  // namespace
}  // namespace waypost::message
