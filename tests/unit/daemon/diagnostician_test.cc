#include "daemon/diagnostician.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/site_doctor.h"
#include "io/sim_world.h"
#include "tests/fakes/recording_sink.h"

namespace waypost::daemon {
namespace {

using events::Event;
using events::EventKind;
using events::Phase;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

// A doctor that takes a minute and finds what it is told to.
class DiagnosticianTest : public testing::Test {
 public:
  io::Task<std::optional<Diagnosis>> examine(SiteQuestion question) {
    asked.push_back(question.site);
    ++running;
    running_most = std::max(running_most, running);
    co_await io::sleep_until(loop, loop.now() + minutes(1));
    --running;
    co_return finds;
  }

  void emit(const std::string& site, EventKind kind = EventKind::deferred,
            Phase phase = Phase::connect) {
    Event event;
    event.kind = kind;
    event.phase = phase;
    event.site = site;
    event.recipients = {"ann@example.net"};
    event.reply = "no answer";
    event.cause.rule = "words-no-answer";
    sink->emit(std::move(event));
  }
  void pass(Duration time) { world.run_for(time); }
  void fail(const std::string& site, unsigned times = 1) {
    for (unsigned i = 0; i < times; ++i) {
      emit(site);
      pass(minutes(2));
    }
  }
  std::vector<std::string> rules_of(EventKind kind) const {
    std::vector<std::string> rules;
    for (const Event& event : heard->events)
      if (event.kind == kind) rules.push_back(event.cause.rule);
    return rules;
  }

  io::SimWorld world{1};
  io::SimProcess& loop = world.make_process(*IpAddress::parse("192.0.2.1"));
  std::optional<Diagnosis> finds = Diagnosis{"M2002", 2, "no answer from the port", "open it"};
  std::vector<std::string> asked;
  unsigned running = 0;
  unsigned running_most = 0;
  Diagnostician diagnostician{Diagnostician::Services{
      loop,
      [](const Event& event) -> std::optional<SiteQuestion> {
        if (event.site == "unknown") return std::nullopt;
        SiteQuestion question;
        question.site = event.site;
        return question;
      },
      [this](SiteQuestion question) { return examine(std::move(question)); },
      [this](Event event) { sink->emit(std::move(event)); }}};
  fakes::RecordingSink* heard = nullptr;
  std::unique_ptr<events::Sink> sink = [this] {
    auto made = std::make_unique<fakes::RecordingSink>();
    heard = made.get();
    return diagnostician.sink(std::move(made));
  }();
};

TEST_F(DiagnosticianTest, says_what_is_broken_from_then_on) {
  fail("mx.example.net", 5);
  EXPECT_THAT(asked, ElementsAre("mx.example.net"));
  EXPECT_THAT(rules_of(EventKind::diagnosed), ElementsAre("M2002"));
  EXPECT_THAT(rules_of(EventKind::deferred), ElementsAre("words-no-answer", "words-no-answer",
                                                         "words-no-answer", "M2002", "M2002"));
  EXPECT_EQ(heard->events.back().cause.remedy, "open it");
  EXPECT_THAT(*diagnostician.trouble(), HasSubstr("mx.example.net: M2002, no answer"));
  queue::Standing standing;
  standing.site = "mx.example.net";
  EXPECT_EQ(diagnostician.of(standing), "");
  standing.attempts = 3;
  EXPECT_THAT(diagnostician.of(standing), HasSubstr("waypost explain M2002"));
  emit("mx.example.net", EventKind::delivered, Phase::content);
  EXPECT_EQ(diagnostician.of(standing), "");
  EXPECT_FALSE(diagnostician.trouble());
}

TEST_F(DiagnosticianTest, looks_at_one_site_at_a_time) {
  for (int i = 0; i < 3; ++i) {
    emit("one");
    emit("two");
    pass(minutes(2));
  }
  EXPECT_THAT(asked, ElementsAre("one"));
  fail("two");
  EXPECT_THAT(asked, ElementsAre("one", "two"));
  EXPECT_EQ(running_most, 1u);
}

TEST_F(DiagnosticianTest, says_that_nothing_is_broken_without_a_rule) {
  finds.reset();
  fail("mx.example.net", 4);
  EXPECT_THAT(rules_of(EventKind::diagnosed), ElementsAre(""));
  EXPECT_EQ(rules_of(EventKind::deferred).back(), "words-no-answer");
  EXPECT_FALSE(diagnostician.trouble());
}

TEST_F(DiagnosticianTest, leaves_alone_what_cannot_be_asked_and_all_when_it_is_switched_off) {
  fail("unknown", 9);
  diagnostician.enable(false);
  fail("mx.example.net", 9);
  EXPECT_THAT(asked, ElementsAre());
  EXPECT_THAT(rules_of(EventKind::diagnosed), ElementsAre());
  diagnostician.enable(true);
  fail("mx.example.net", 3);
  diagnostician.enable(false);
  EXPECT_FALSE(diagnostician.trouble());
}

TEST_F(DiagnosticianTest, tells_nothing_of_a_look_that_ends_after_it_was_switched_off) {
  fail("mx.example.net", 2);
  emit("mx.example.net");
  diagnostician.enable(false);
  pass(minutes(5));
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_THAT(rules_of(EventKind::diagnosed), ElementsAre());
}

doctor::Report report_with(doctor::Rung rung, doctor::Severity severity) {
  doctor::Report report;
  doctor::RungResult result;
  result.rung = rung;
  doctor::Finding finding;
  finding.id = "M3021";
  finding.severity = severity;
  finding.parameters = {{"host", "mx.example.net"}};
  result.add(std::move(finding));
  report.rungs.push_back(std::move(result));
  return report;
}

TEST(SiteDoctorTest, takes_from_a_report_what_is_broken) {
  using doctor::Rung;
  using doctor::Severity;
  auto found = diagnosis_of(report_with(Rung::tls, Severity::error), false);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->finding, "M3021");
  EXPECT_EQ(found->rung, 3);
  EXPECT_FALSE(found->title.empty() || found->remedy.empty());
  EXPECT_FALSE(diagnosis_of(report_with(Rung::tls, Severity::warning), false));
  EXPECT_TRUE(diagnosis_of(report_with(Rung::tls, Severity::warning), true));
  EXPECT_FALSE(diagnosis_of(report_with(Rung::connect, Severity::warning), true));
  EXPECT_FALSE(diagnosis_of(doctor::Report(), true));
}

TEST(SiteDoctorTest, reads_a_refused_login_by_the_words_of_its_provider) {
  auto found = diagnosis_of_login(
      "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
      "Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
      "smtp.office365.com", 587);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->finding, "M4012");
  EXPECT_EQ(found->rung, 4);
  EXPECT_FALSE(diagnosis_of_login("no reply at all", "smtp.office365.com", 587));
}

}  // namespace
}  // namespace waypost::daemon
