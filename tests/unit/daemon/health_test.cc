#include "daemon/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace waypost::daemon {
namespace {

using testing::ElementsAre;
using Weight = Health::Weight;

class RecordingJournal final : public Journal {
 public:
  void info(const std::string& line) override { lines.push_back("info: " + line); }
  void warning(const std::string& line) override { lines.push_back("warning: " + line); }
  void error(const std::string& line) override { lines.push_back("error: " + line); }
  std::vector<std::string> lines;
};

TEST(HealthTest, tells_of_each_trouble_once_when_it_begins_and_once_when_it_ends) {
  RecordingJournal journal;
  Health health(journal);
  health.report("disk", Weight::stops_mail, std::nullopt);
  EXPECT_THAT(journal.lines, ElementsAre());
  for (int i = 0; i < 3; ++i) health.report("disk", Weight::stops_mail, "it is full");
  health.report("certificate", Weight::warns, "it expires");
  for (int i = 0; i < 3; ++i) health.report("disk", Weight::stops_mail, std::nullopt);
  EXPECT_THAT(journal.lines,
              ElementsAre("error: disk: it is full", "warning: certificate: it expires",
                          "info: disk: well again"));
}

TEST(HealthTest, is_not_ready_while_something_stops_mail) {
  RecordingJournal journal;
  Health health(journal);
  EXPECT_TRUE(health.ready());
  health.report("certificate", Weight::warns, "it expires");
  EXPECT_TRUE(health.ready());
  health.report("spool", Weight::stops_mail, "it failed");
  EXPECT_FALSE(health.ready());
  EXPECT_EQ(health.summary(), "spool: it failed; certificate: it expires");
  health.report("spool", Weight::stops_mail, std::nullopt);
  EXPECT_TRUE(health.ready());
}

}  // namespace
}  // namespace waypost::daemon
