#include "doctor/seed_judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/walk.h"
#include "tests/unit/doctor/filled.h"

namespace waypost::doctor {
namespace {

using seeds::Sighting;
using seeds::Spot;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr SeedWait wait{seconds(120), seconds(60)};

class SeedJudgeTest : public testing::Test {
 protected:
  SeedJudgeTest() {
    result_.rung = Rung::inbox;
    result_.status = RungStatus::pass;
    seen_.id = "ann";
  }
  std::vector<std::string> found() {
    std::vector<std::string> ids;
    for (const Finding& finding : result_.findings) {
      expect_filled(finding);
      ids.push_back(finding.id);
    }
    return ids;
  }
  void judge(Sighting sighting) { judge_sighting(sighting, "", wait, seen_, result_); }
  static Sighting at(Spot spot, std::string folder, std::string says = "") {
    Sighting sighting;
    sighting.spot = spot;
    sighting.folder = std::move(folder);
    if (!says.empty()) sighting.header = "Authentication-Results: " + says + "\r\n\r\n";
    return sighting;
  }

  RungResult result_;
  SeedResult seen_;
};

TEST_F(SeedJudgeTest, has_nothing_to_say_of_a_message_in_the_inbox) {
  seen_.after_least = Duration(0);
  seen_.after_most = std::chrono::milliseconds(1200);
  judge(at(Spot::inbox, "INBOX", "mx.b.test; spf=pass; dkim=fail; dkim=pass; dmarc=pass"));
  EXPECT_THAT(found(), IsEmpty());
  EXPECT_EQ(result_.status, RungStatus::pass);
  EXPECT_EQ(seen_.line(),
            "ann: in the inbox, 0 ms to 1.2 s after the 250; mx.b.test says SPF pass, DKIM pass, "
            "DMARC pass");
}

TEST_F(SeedJudgeTest, quotes_why_it_is_in_junk) {
  Sighting sighting = at(Spot::junk, "Spam\x1b");
  sighting.junk_by_name = true;
  sighting.header = "X-Spam-Status: Yes, score=9.1\r\n\ttests=A\r\n\r\n";
  judge(sighting);
  EXPECT_THAT(found(), ElementsAre("M6012"));
  EXPECT_EQ(result_.status, RungStatus::fail);
  EXPECT_THAT(result_.findings[0].notes,
              ElementsAre(HasSubstr("by its name"), HasSubstr("Yes, score=9.1")));
  EXPECT_EQ(seen_.line().find('\x1b'), std::string::npos);
}

TEST_F(SeedJudgeTest, warns_of_a_folder_and_mentions_a_tab) {
  judge(at(Spot::folder, "Newsletters"));
  EXPECT_THAT(found(), ElementsAre("M6015"));
  EXPECT_EQ(result_.status, RungStatus::warn);
  Sighting tab = at(Spot::tab, "INBOX");
  tab.tab = "promotions";
  judge(tab);
  EXPECT_EQ(result_.findings[1].severity, Severity::note);
}

TEST_F(SeedJudgeTest, weighs_what_the_receiver_says) {
  const std::pair<const char*, std::optional<Severity>> rows[] = {
      {"mx; spf=pass; dkim=pass; dmarc=pass", std::nullopt},
      {"mx; spf=pass; dkim=pass; dmarc=fail", Severity::error},
      {"mx; spf=fail; dkim=pass; dmarc=pass", Severity::warning},
      {"mx; spf=softfail; dkim=none", Severity::error},
      {"mx; spf=fail; dkim=pass", Severity::warning},
      {"mx; spf=neutral; dkim=none", std::nullopt},
      {"mx; spf=temperror", std::nullopt},
      {"mx; none", std::nullopt},
  };
  for (const auto& [says, severity] : rows) {
    result_ = RungResult{};
    result_.rung = Rung::inbox;
    judge(at(Spot::inbox, "INBOX", says));
    ASSERT_EQ(result_.findings.size(), severity ? 1u : 0u) << says;
    if (severity) {
      EXPECT_EQ(result_.findings[0].severity, *severity) << says;
    }
  }
}

TEST_F(SeedJudgeTest, believes_the_topmost_of_the_receiver_alone) {
  const std::string header =
      "Received: by mx\r\n"
      "Authentication-Results: mx.b.test; dmarc=fail header.from=a.test\r\n"
      "Authentication-Results: MX.b.test; spf=pass; dmarc=pass\r\n"
      "Authentication-Results: forged.test; dkim=pass\r\n\r\n";
  const ReceiverWord word = word_of_receiver(header, "");
  EXPECT_EQ(word.authserv_id, "mx.b.test");
  EXPECT_EQ(word.dmarc, "fail");
  EXPECT_EQ(word.spf, "pass");
  EXPECT_EQ(word.dkim, "");
  EXPECT_THAT(word.failing, HasSubstr("dmarc=fail"));
  EXPECT_EQ(word_of_receiver(header, "forged.test").dkim, "pass");
  EXPECT_EQ(word_of_receiver(header, "other.test").authserv_id, "");
  EXPECT_EQ(word_of_receiver("Authentication-Results: ;;;\r\n", "").authserv_id, "");
}

TEST_F(SeedJudgeTest, tells_a_slow_message_by_when_it_was_not_there_yet) {
  seen_.after_least = seconds(10);
  seen_.after_most = seconds(70);
  judge(at(Spot::inbox, "INBOX"));
  EXPECT_THAT(found(), IsEmpty());
  seen_.after_least = seconds(90);
  judge(at(Spot::inbox, "INBOX"));
  EXPECT_THAT(found(), ElementsAre("M6018"));
}

TEST_F(SeedJudgeTest, does_not_blame_the_way_of_mail_for_a_seed_that_is_shut) {
  judge_closed_seed(Error(ErrorCode::permission_denied, ""), "NO wrong", seen_, result_);
  judge_closed_seed(Error(ErrorCode::tls, ""), "certificate", seen_, result_);
  EXPECT_THAT(found(), ElementsAre("M6016", "M6017"));
  EXPECT_EQ(result_.status, RungStatus::unknown);
  Report report;
  report.rungs.push_back(result_);
  EXPECT_EQ(report.exit_code(), 2);
  judge_absence(wait, seen_, result_);
  EXPECT_EQ(result_.status, RungStatus::fail);
  EXPECT_EQ(found().back(), "M6013");
}

TEST_F(SeedJudgeTest, counts_where_they_landed) {
  SeedResult inbox, junk, shut;
  inbox.place = SeedPlace::inbox;
  junk.place = SeedPlace::junk;
  EXPECT_EQ(line_of_seeds({inbox}), "inbox at 1 of 1 seed");
  EXPECT_EQ(line_of_seeds({inbox, junk, shut}), "inbox at 1 of 3 seeds, junk at 1, not known at 1");
}

}  // namespace
}  // namespace waypost::doctor
