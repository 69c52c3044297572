#include "message/received_dmarc.h"

#include <archive.h>
#include <archive_entry.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::message {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string xml(std::string_view encoding, std::string_view name, std::string_view count) {
  return "<?xml version=\"1.0\" encoding=\"" + std::string(encoding) +
         "\"?>\n<feedback><report_metadata><org_name>" + std::string(name) +
         "</org_name><error>one</error></report_metadata><policy_published><domain>a.test</domain>"
         "<testing>y</testing></policy_published><record><row><source_ip>192.0.2.1</"
         "source_ip><count>" +
         std::string(count) + "</count></row></record></feedback>";
}

base::Result<ReceivedDmarc> only_one(std::string_view octets) {
  auto all = read_received_dmarc(octets);
  EXPECT_EQ(all.size(), 1u);
  return std::move(all.front());
}

DmarcReport aggregate(std::string_view octets) {
  auto read = only_one(octets);
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
  for (const char* odd : {"-3", "1e3", "", "7 messages", "99999999999999999999", "1000000000001",
                          "1.5", ".0", "1.0.0"})
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
  auto read = only_one(failed);
  ASSERT_TRUE(read) << read.error().describe();
  EXPECT_EQ(std::get<FeedbackReport>(*read).alignment, "none");
}

TEST(ReceivedDmarc, says_what_other_things_are) {
  auto complaint = only_one(
      "From: r@b.test\nMIME-Version: 1.0\n"
      "Content-Type: multipart/report; report-type=feedback-report; boundary=x\n\n"
      "--x\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\n--x--\n");
  ASSERT_FALSE(complaint);
  EXPECT_THAT(complaint.error().message(), HasSubstr("a complaint (abuse)"));
  EXPECT_FALSE(only_one("From: a@b.test\nSubject: hello\n\nhello\n"));
  EXPECT_FALSE(only_one(""));
}

// What is in a zip archive: its names, those that end in "/" being folders, and their contents.
std::string zip(const std::vector<std::pair<std::string, std::string>>& files) {
  std::vector<char> room(1 << 20);
  size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_set_format_zip(writer);
  archive_write_open_memory(writer, room.data(), room.size(), &used);
  for (const auto& [name, text] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, name.c_str());
    archive_entry_set_filetype(entry, name.ends_with('/') ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, la_int64_t(text.size()));
    archive_write_header(writer, entry);
    archive_write_data(writer, text.data(), text.size());
    archive_entry_free(entry);
  }
  archive_write_free(writer);
  return {room.data(), used};
}

std::vector<std::string> organisations(std::string_view octets) {
  std::vector<std::string> names;
  for (const auto& one : read_received_dmarc(octets))
    names.push_back(one ? std::get<DmarcReport>(*one).organisation : "-");
  return names;
}

TEST(ReceivedDmarc, of_an_archive_is_all_that_it_holds) {
  const std::string one = xml("UTF-8", "one", "1");
  const std::string two = xml("UTF-8", "two", "2");
  const std::string three = xml("UTF-8", "three", "3");
  EXPECT_THAT(organisations(zip({{"a.xml", one}, {"b.xml", two}, {"c.xml", three}})),
              ElementsAre("one", "two", "three"));
  EXPECT_THAT(organisations(zip({{"reports/", ""}, {"reports/a.xml", one}})), ElementsAre("one"));
  EXPECT_THAT(organisations(zip({{"a.xml", one}, {"readme.txt", "hello"}, {"b.xml", two}})),
              ElementsAre("one", "-", "two"));
  EXPECT_THAT(organisations(zip({{"a.xml", one}, {"__MACOSX/._a.xml", "octets"}})),
              ElementsAre("one"));
  EXPECT_THAT(organisations(zip({{"empty/", ""}})), ElementsAre("-"));
}

TEST(ReceivedDmarc, of_archives_in_an_archive_is_read_and_of_deeper_ones_not) {
  const std::string inner = zip({{"a.xml", xml("UTF-8", "one", "1")}});
  const std::string outer = zip({{"a.zip", inner}, {"b.xml", xml("UTF-8", "two", "1")}});
  EXPECT_THAT(organisations(outer), ElementsAre("one", "two"));
  EXPECT_THAT(organisations(zip({{"b.zip", outer}})), ElementsAre("-", "two"));
}

TEST(ReceivedDmarc, of_a_cut_off_archive_is_what_stands_before_the_cut) {
  const std::string whole =
      zip({{"a.xml", xml("UTF-8", "one", "1")}, {"b.xml", std::string(100'000, 'x')}});
  const auto names = organisations(std::string_view(whole).substr(0, whole.size() / 2));
  ASSERT_FALSE(names.empty());
  EXPECT_EQ(names.back(), "-");
}

TEST(ReceivedDmarc, of_a_forwarded_message_is_what_that_carries) {
  const std::string mail =
      "From: me@a.test\nSubject: Fwd: the reports\nMIME-Version: 1.0\n"
      "Content-Type: multipart/mixed; boundary=x\n\n"
      "--x\nContent-Type: text/plain\n\nSee there.\n";
  const std::string report =
      "From: r@b.test\nSubject: Report Domain: a.test\nMIME-Version: 1.0\n"
      "Content-Type: text/xml\n\n";
  const std::string part = "--x\nContent-Type: message/rfc822\n\n" + report;
  EXPECT_THAT(organisations(mail + part + xml("UTF-8", "one", "1") + "\n" + part +
                            xml("UTF-8", "two", "1") + "\n--x--\n"),
              ElementsAre("one", "two"));
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
