// The reports of walks on the simulated street, as people see them, in tests/golden/doctor/*.txt.
// To take over new ones, run with WAYPOST_ACCEPT=1 and review the difference.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include "doctor/refusal.h"
#include "doctor/report_json.h"
#include "doctor/report_text.h"
#include "doctor/seed_judge.h"
#include "tests/fakes/source_folder.h"
#include "tests/unit/doctor/street.h"

namespace waypost::doctor {
namespace {

namespace fs = std::filesystem;
using std::chrono::days;
using testing::HasSubstr;
using testing::Not;

constexpr const char* password = "correct horse battery";

// Times are of the simulated network and of the real TLS library.
std::string without_times(std::string text) {
  RE2::GlobalReplace(&text, " *[0-9.]+ ms", " T");
  RE2::GlobalReplace(&text, "(?m) *[0-9.]+ s$", " T");
  return text;
}

class ReportTest : public testing::Test {
 protected:
  Report broken() {
    street_.serve_usual();
    Request request;
    request.port = 587;
    request.encryption = Encryption::implicit;
    request.user = "ann@example.com";
    request.password = Secret(password);
    return street_.walk(std::move(request));
  }

  std::string page(const Report& report, TextOptions options = {}) {
    return report_page(report, catalogue_, options).plain_text();
  }
  void compare(const std::string& name, const Report& report) {
    compare_text(name, without_times(page(report)));
  }
  void compare_text(const std::string& name, const std::string& text) {
    fs::path path = fakes::source_folder() / "tests" / "golden" / "doctor" / (name + ".txt");
    if (std::getenv("WAYPOST_ACCEPT") != nullptr) std::ofstream(path) << text;
    std::ifstream file(path, std::ios::binary);
    std::ostringstream expected;
    expected << file.rdbuf();
    EXPECT_EQ(text, expected.str()) << path;
    std::istringstream lines(text);
    // Only what is to be pasted may be wider.
    for (std::string line; std::getline(lines, line);) {
      const bool is_whole = line.starts_with("            ");
      EXPECT_TRUE(is_whole || line.size() <= 80) << line;
    }
  }

  Street street_;
  const checks::Catalogue& catalogue_ = checks::shipped_catalogue();
};

TEST_F(ReportTest, has_the_facts_of_a_rung_where_they_are_asked_for) {
  Report report;
  RungResult tls;
  tls.rung = Rung::tls;
  tls.status = RungStatus::pass;
  tls.add_fact("cipher", "TLS_AES_256_GCM_SHA384");
  tls.add_list("names", {"smtp.example.com", "mail\x1b[1m.example.com"});
  report.rungs = {tls};
  EXPECT_THAT(page(report), Not(HasSubstr("cipher")));
  TextOptions options;
  options.facts = true;
  const std::string text = page(report, options);
  EXPECT_THAT(text, HasSubstr("cipher: TLS_AES_256_GCM_SHA384"));
  EXPECT_THAT(text, HasSubstr("names: smtp.example.com, mail"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST_F(ReportTest, shows_where_the_messages_landed) {
  RungResult inbox;
  inbox.rung = Rung::inbox;
  inbox.status = RungStatus::pass;
  constexpr SeedWait wait{std::chrono::minutes(2), std::chrono::minutes(1)};
  SeedResult ann{"ann", "ann@a.test"}, bob{"bob", "bob@b.test"}, cat{"cat", "cat@c.test"};
  ann.after_least = std::chrono::seconds(90);
  ann.after_most = std::chrono::seconds(100);
  seeds::Sighting sighting;
  sighting.spot = seeds::Spot::junk;
  sighting.folder = "Junk|mail\x1b[1m";
  sighting.header = "Authentication-Results: mx.a.test; spf=fail smtp.mailfrom=d.test\r\n\r\n";
  judge_sighting(sighting, "", wait, ann, inbox);
  judge_absence(wait, bob, inbox);
  judge_closed_seed(Error(ErrorCode::permission_denied, ""), "NO [AUTHENTICATIONFAILED] no", cat,
                    inbox);
  inbox.seeds = {ann, bob, cat};
  inbox.line = line_of_seeds(inbox.seeds);
  Report report;
  report.rungs = {inbox};
  report.effects = {2, 1, 3, 0, 3};
  compare("seeds", report);
  const boost::json::object whole = report_json(report, catalogue_);
  const boost::json::array& seeds =
      whole.at("rungs").as_array().at(0).as_object().at("seeds").as_array();
  ASSERT_EQ(seeds.size(), 3u);
  EXPECT_EQ(seeds[0].as_object().at("place"), "junk");
  EXPECT_EQ(seeds[0].as_object().at("after_least_ms"), 90'000);
  EXPECT_EQ(seeds[0].as_object().at("receiver_says").as_object().at("spf"), "fail");
  EXPECT_EQ(seeds[1].as_object().at("place"), "not-found");
  EXPECT_EQ(seeds[2].as_object().at("place"), "unknown");
  const std::string nagios = nagios_line(report, catalogue_).text;
  EXPECT_THAT(nagios, HasSubstr("M6012"));
  EXPECT_THAT(nagios, HasSubstr("seeds=3 seeds_in_inbox=0"));
  const std::string markdown = report_markdown(report, catalogue_);
  EXPECT_THAT(markdown, HasSubstr("- bob: not found"));
  EXPECT_THAT(markdown, HasSubstr("in junk (Junk\\|mail"));
}

// As a walk would have it that knows every value.
Report report_of(const checks::Check& check) {
  const Parameters values{
      {"address", "203.0.113.10"},
      {"date", "2026-11-20"},
      {"days", "30 days"},
      {"domain", "example.com"},
      {"host", "smtp.example.com"},
      {"limit", "10.0 MB"},
      {"list", "zen.spamhaus.org"},
      {"meant", "smtp.example.net"},
      {"mechanism", "PLAIN"},
      {"mechanisms", "PLAIN, LOGIN"},
      {"mode", "enforce"},
      {"name", "client.example.org"},
      {"other_port", "465"},
      {"port", "587"},
      {"recipient", "bob@example.net"},
      {"record", "v=spf1 -all"},
      {"resolver", "192.0.2.53:53"},
      {"seconds", "30 s"},
      {"seen", "what was seen"},
      {"sender", "ann@example.com"},
      {"setting", "host name"},
      {"size", "26.0 MB"},
      {"suffix", "office.example"},
      {"user", "ann@example.com"},
  };
  Finding finding = finding_of(check.id, values);
  finding.observed = "what the other side said";
  RungResult rung;
  rung.rung = finding.rung;
  rung.status = RungStatus::pass;
  rung.line = "a line of the rung";
  rung.add(std::move(finding));
  Report report;
  report.rungs = {std::move(rung)};
  report.with_login = true;
  report.effects = {1, 1, 0};
  return report;
}

TEST_F(ReportTest, has_words_for_every_finding) {
  std::map<int, std::string> texts;
  for (const checks::Check& check : catalogue_.all()) {
    const Report report = report_of(check);
    const std::string text = page(report);
    EXPECT_THAT(text, HasSubstr(check.id));
    EXPECT_THAT(text, Not(testing::ContainsRegex("[{][a-z_]+[}]"))) << check.id;
    texts[check.rung] += text + "\n";
  }
  for (const auto& [rung, text] : texts)
    compare_text("findings-" + std::to_string(rung), without_times(text));
}

TEST_F(ReportTest, looks_as_it_should) {
  compare("mode-mismatch", broken());
  Request healthy;
  healthy.port = 587;
  compare("healthy", street_.walk(std::move(healthy)));
  Request typo;
  typo.port = 578;
  compare("port-typo", street_.walk(std::move(typo)));
  Request absent;
  absent.host = "nowhere.example.com";
  absent.port = 587;
  compare("no-such-name", street_.walk(std::move(absent)));
  // What breaks nothing stands behind what does, and is called what it is.
  Script slow;
  slow.delay = std::chrono::seconds(20);
  street_.serve(2003, slow);
  Request late;
  late.port = 2003;
  late.encryption = Encryption::starttls;
  compare("warning-alone", street_.walk(std::move(late)));
  Script tarpit;
  tarpit.greeting = "220 mail.example.com ESMTP spamd IP-based SPAM blocker\r\n";
  tarpit.between_octets = std::chrono::seconds(1);
  street_.serve(2004, tarpit);
  Request held;
  held.port = 2004;
  held.encryption = Encryption::starttls;
  compare("tarpit", street_.walk(std::move(held)));
  street_.names.add_address("smtp.google.com", street_.v4);
  Request entrance;
  entrance.host = "smtp.google.com";
  entrance.port = 587;
  compare("warning-behind", street_.walk(std::move(entrance)));
  street_.world().jump_wall_clock(days(100));
  Request expired;
  expired.port = 587;
  compare("expired", street_.walk(std::move(expired)));
  street_.world().jump_wall_clock(-days(100));
  street_.world().network().partition(street_.client.host(), street_.v6);
  Request silent;
  silent.port = 587;
  compare("ipv6-silent", street_.walk(std::move(silent)));
}

TEST_F(ReportTest, tells_the_gravest_first_in_every_form) {
  Report report;
  RungResult name, connect;
  name.rung = Rung::name;
  connect.rung = Rung::connect;
  name.status = connect.status = RungStatus::pass;
  Finding alike, busy, refused;
  alike.id = "M1008";
  alike.severity = Severity::warning;
  name.add(alike);
  EXPECT_EQ(name.status, RungStatus::warn);
  busy.id = "M2018";
  busy.temporary = true;
  connect.add(busy);
  refused.id = "M2001";
  connect.add(refused);
  report.rungs = {name, connect};
  EXPECT_EQ(report.exit_code(), 12);
  for (const std::string& text : {page(report), report_markdown(report, catalogue_)}) {
    EXPECT_LT(text.find("M2001 "), text.find("M2018 "));
    EXPECT_LT(text.find("M2018 "), text.find("M1008 "));
    EXPECT_THAT(text, HasSubstr("(warning, certain)"));
  }
  const boost::json::object json = report_json(report, catalogue_);
  const auto& findings = json.at("findings").as_array();
  EXPECT_EQ(findings.at(0).as_object().at("id").as_string(), "M2001");
  EXPECT_EQ(findings.at(2).as_object().at("id").as_string(), "M1008");
  EXPECT_THAT(page(report), HasSubstr("\nBroken at step 2 of 6 (connect): "));
  EXPECT_THAT(nagios_line(report, catalogue_).text, HasSubstr("CRITICAL - M2001 "));
  // A warning alone is no head of a broken report.
  report.rungs = {name};
  EXPECT_THAT(page(report), HasSubstr("Nothing is broken up to step 1 of 6; see the warnings."));
}

TEST_F(ReportTest, leaves_commands_and_settings_whole) {
  Report report;
  RungResult login;
  login.rung = Rung::login;
  Finding off;
  off.id = "M4013";
  const std::string user = "a.mailbox.with.a.long.name.for.the.scanners@department.example.com";
  off.parameters = {{"user", user}, {"host", "smtp.office365.com"}, {"port", "587"}};
  login.add(off);
  report.rungs = {login};
  TextOptions options;
  options.changed_file = "msmtprc";
  options.changed_lines =
      "account default\n  host smtp.office365.com\nuser " + user + "  # mailbox";
  const std::string text = page(report, options);
  EXPECT_THAT(text, HasSubstr("\n            Set-CASMailbox " + user +
                              " -SmtpClientAuthenticationDisabled $false\n"));
  EXPECT_THAT(text,
              HasSubstr("\n      account default\n        host smtp.office365.com\n      user " +
                        user + "  # mailbox\n"));
}

TEST_F(ReportTest, speaks_the_words_of_the_program_whose_settings_were_read) {
  Report report;
  RungResult login;
  login.rung = Rung::login;
  Finding wrong;
  wrong.id = "M4004";
  wrong.parameters = {{"other_port", "587"}, {"host", "a.example"}, {"port", "25"}, {"seen", "x"}};
  login.add(wrong);
  report.rungs = {login};
  TextOptions options;
  options.program = "django";
  std::string text = page(report, options);
  EXPECT_THAT(text, HasSubstr("EMAIL_PORT = 587"));
  EXPECT_THAT(text, testing::Not(HasSubstr("Nodemailer")));
  options.changed_file = "settings.py";
  options.changed_lines = "EMAIL_PORT = 587";
  options.changed_and_tried = false;
  EXPECT_THAT(page(report, options), HasSubstr("settings.py as it should read (not tested):"));
}

TEST_F(ReportTest, tells_programs_the_same) {
  Report report = broken();
  boost::json::object json = report_json(report, catalogue_);
  EXPECT_EQ(json.at("schema").as_string(), "waypost.doctor/1");
  EXPECT_EQ(json.at("verdict").as_string(), "broken");
  EXPECT_EQ(json.at("stopped_at").as_int64(), 3);
  EXPECT_EQ(json.at("exit").as_int64(), 13);
  EXPECT_EQ(json.at("rungs").as_array().size(), 6u);
  const auto& finding = json.at("findings").as_array().at(0).as_object();
  EXPECT_EQ(finding.at("id").as_string(), "M3001");
  EXPECT_EQ(finding.at("slug").as_string(), "tls-mode-mismatch");
  const auto& fix = finding.at("fixes").as_array().at(0).as_object();
  EXPECT_EQ(fix.at("set").as_object().at("tls").as_string(), "starttls");
  EXPECT_TRUE(fix.at("verified").as_bool());
  EXPECT_EQ(json.at("side_effects").as_object().at("auth_attempts").as_uint64(), 0u);
  NagiosLine line = nagios_line(report, catalogue_);
  EXPECT_EQ(line.code, 2);
  EXPECT_THAT(line.text, HasSubstr("SMTP CRITICAL - M3001 "));
  EXPECT_THAT(line.text, HasSubstr(" | rung=3 "));
  EXPECT_THAT(report_markdown(report, catalogue_), HasSubstr("### M3001 "));
}

TEST_F(ReportTest, shows_no_password_in_any_form) {
  Report report = broken();
  TextOptions options;
  options.transcript = true;
  std::string all = page(report, options) +
                    boost::json::serialize(report_json(report, catalogue_)) +
                    nagios_line(report, catalogue_).text + report_markdown(report, catalogue_);
  EXPECT_THAT(all, Not(HasSubstr(password)));
}

TEST_F(ReportTest, passes_no_control_octets_on) {
  Script script;
  script.greeting = "554 5.7.1 go\x1b[31m away\r\n";
  street_.serve(2001, script);
  Request request;
  request.port = 2001;
  request.encryption = Encryption::starttls;
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(page(report), Not(HasSubstr("\x1b")));
  EXPECT_THAT(report_markdown(report, catalogue_), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace waypost::doctor
