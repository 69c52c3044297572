#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ascii.h"
#include "base/check.h"
#include "tests/conformance/script.h"
#include "tests/fakes/smtp_dialogue.h"
#include "tests/fakes/source_folder.h"

// Every row of smuggling.txt, in three forms: the octets and then silence, the octets and then a
// second transaction in the same segment, and the octets at the very start of the content.
namespace waypost::conformance {
namespace {

using fakes::SmtpDialogue;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

struct Variant {
  std::string verdict;
  std::string octets;
  std::string name;
};

std::vector<Variant> load_variants() {
  std::ifstream file(fakes::source_folder() / "tests/conformance/smuggling.txt");
  std::vector<Variant> variants;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    const size_t first = line.find(" | ");
    const size_t second = line.find(" | ", first + 3);
    CHECK(second != std::string::npos);
    variants.push_back({std::string(base::trim(line.substr(0, first))),
                        unescape(line.substr(first + 3, second - first - 3)),
                        line.substr(second + 3)});
  }
  return variants;
}

const std::string envelope = "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n";
const std::string message = "From: <a@example.org>\r\nSubject: x\r\n\r\nbody";

class Smuggling : public testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    dialogue_.ask("EHLO client.example\r\n");
    ASSERT_THAT(dialogue_.ask(envelope),
                EndsWith("354 Send the message; end it with <CRLF>.<CRLF>\r\n"));
  }
  void expect_refused_and_closed(const std::string& answer) {
    EXPECT_THAT(answer, StartsWith("554 5.6.0 "));
    EXPECT_EQ(std::count(answer.begin(), answer.end(), '\n'), 1) << answer;
    EXPECT_TRUE(dialogue_.closed());
    EXPECT_THAT(dialogue_.stored(), IsEmpty());
  }
  void expect_one_message(const std::string& answer) {
    EXPECT_THAT(answer, StartsWith("250 2.0.0 "));
    EXPECT_EQ(std::count(answer.begin(), answer.end(), '\n'), 1) << answer;
    EXPECT_FALSE(dialogue_.closed());
    EXPECT_THAT(dialogue_.stored(), SizeIs(1));
  }
  void expect_verdict(const std::string& answer) {
    if (GetParam().verdict == "content")
      expect_one_message(answer);
    else
      expect_refused_and_closed(answer);
  }

  SmtpDialogue dialogue_;
};

TEST_P(Smuggling, octets_behind_a_body_are_no_end_of_it) {
  std::string answer = dialogue_.ask(message + GetParam().octets);
  if (GetParam().verdict == "ends") return expect_refused_and_closed(answer);
  EXPECT_EQ(answer, "");
  expect_verdict(dialogue_.ask("\r\n.\r\n"));
}

TEST_P(Smuggling, a_second_transaction_behind_them_is_never_served) {
  std::string second = envelope + message + " smuggled\r\n.\r\n";
  expect_verdict(dialogue_.ask(message + GetParam().octets + second));
  for (const spool::Envelope& queued : dialogue_.queued) EXPECT_EQ(queued.recipients.size(), 1u);
}

TEST_P(Smuggling, octets_that_come_one_by_one_mean_the_same) {
  for (char c : message + GetParam().octets + envelope + message + "\r\n.\r\n")
    dialogue_.send(std::string(1, c));
  expect_verdict(dialogue_.receive());
}

std::string identifier(const testing::TestParamInfo<Variant>& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (!base::is_alnum(c)) c = '_';
  return name;
}
INSTANTIATE_TEST_SUITE_P(Table, Smuggling, testing::ValuesIn(load_variants()), identifier);

TEST(SmugglingTable, is_complete) { EXPECT_THAT(load_variants(), SizeIs(50)); }

TEST(SmugglingAtStart, a_dot_without_crlf_on_the_first_line_is_no_end) {
  for (std::string first : {".\n", ".\r"}) {
    SmtpDialogue dialogue;
    dialogue.ask("EHLO client.example\r\n" + envelope);
    EXPECT_EQ(dialogue.ask(first), "");
    EXPECT_THAT(dialogue.ask("\r\n.\r\n"), StartsWith("554 5.6.0 "));
  }
}

TEST(SmugglingAtStart, a_dot_with_crlf_on_the_first_line_is_an_empty_message) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO client.example\r\n" + envelope);
  EXPECT_THAT(dialogue.ask(".\r\n"), StartsWith("250 2.0.0 "));
}

TEST(SmugglingStored, transparency_dots_are_taken_off_once_and_only_at_line_starts) {
  SmtpDialogue dialogue;
  dialogue.ask("EHLO client.example\r\n" + envelope);
  dialogue.ask("\r\n..\r\n...\r\na.\r\n ..\r\n..x\r\n.\r\n");
  ASSERT_THAT(dialogue.stored(), SizeIs(1));
  EXPECT_THAT(dialogue.stored()[0], EndsWith("\r\n\r\n.\r\n..\r\na.\r\n ..\r\n.x\r\n"));
}

}  // namespace
}  // namespace waypost::conformance
