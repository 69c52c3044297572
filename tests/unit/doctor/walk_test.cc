#include "doctor/walk.h"

#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "doctor/report_text.h"
#include "tests/unit/doctor/filled.h"
#include "tests/unit/doctor/street.h"

namespace waypost::doctor {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> ids(const Report& report) {
  std::vector<std::string> found;
  for (const RungResult& result : report.rungs)
    for (const Finding& finding : result.findings) found.push_back(finding.id);
  return found;
}

const Finding& first(const Report& report) {
  for (const RungResult& result : report.rungs)
    if (!result.findings.empty()) return result.findings.front();
  static const Finding none;
  return none;
}

const Fix* fix(const Report& report, const std::string& id) {
  for (const Fix& each : first(report).fixes)
    if (each.id == id) return &each;
  return nullptr;
}

Request at(uint16_t port, std::optional<Encryption> encryption = {}) {
  Request request;
  request.port = port;
  request.encryption = encryption;
  return request;
}

class WalkTest : public testing::Test {
 protected:
  Street street_;
};

TEST_F(WalkTest, finds_nothing_on_a_healthy_host) {
  street_.serve_usual();
  for (Request* request : {new Request(at(587)), new Request(at(465)), new Request()}) {
    std::unique_ptr<Request> owned(request);
    Report report = street_.walk(std::move(*owned));
    EXPECT_THAT(ids(report), IsEmpty());
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_FALSE(report.stopped_at());
    EXPECT_LE(report.effects.connections, 4u);
  }
}

TEST_F(WalkTest, uses_465_where_nobody_named_a_port_and_587_is_closed) {
  Script implicit;
  implicit.tls_at_once = true;
  street_.serve(465, implicit);
  Report report = street_.walk({});
  EXPECT_THAT(ids(report), IsEmpty());
  EXPECT_EQ(report.target_port, 465);
}

TEST_F(WalkTest, tells_a_name_that_does_not_exist_from_one_without_an_address) {
  Request request = at(587);
  request.host = "nowhere.example.com";
  EXPECT_THAT(ids(street_.walk(std::move(request))), ElementsAre("M1001"));
  street_.names.add_mx("mail-only.example.com", 10, "smtp.example.com");
  Request domain = at(587);
  domain.host = "mail-only.example.com";
  EXPECT_THAT(ids(street_.walk(std::move(domain))), ElementsAre("M1012"));
}

TEST_F(WalkTest, names_the_search_suffix_that_leads_elsewhere) {
  street_.disk.files["/etc/resolv.conf"] = "nameserver 192.0.2.53\nsearch office.example\n";
  street_.names.add_address("smtp.exampel.com.office.example", street_.v4);
  Request request = at(587);
  request.host = "smtp.exampel.com";
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M1006"));
  EXPECT_EQ(first(report).parameters.at("suffix"), "office.example");
}

TEST_F(WalkTest, tells_a_dead_resolver_from_a_failing_domain_and_a_bogus_one) {
  street_.names.set_failure(Street::host, Error(ErrorCode::timed_out, "no answer in time"));
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M1004"));
  street_.serve_names(2, 2);
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M1005"));
}

TEST_F(WalkTest, names_a_dead_resolver_within_six_seconds) {
  street_.names.set_latency(minutes(1));
  for (bool domain : {false, true}) {
    Request request = domain ? Request() : at(587);
    request.host = domain ? "mail_1.example.com" : Street::host;
    Instant began = street_.world().now();
    Report report = street_.walk(std::move(request));
    EXPECT_LT(street_.world().now() - began, seconds(6)) << domain;
    EXPECT_THAT(ids(report), ElementsAre("M1004"));
    EXPECT_EQ(first(report).confidence, Confidence::certain);
  }
}

TEST_F(WalkTest, calls_a_resolver_that_answers_other_questions_not_dead) {
  street_.serve_names(0, 0);
  street_.unanswered = Street::host;
  street_.names.set_failure(Street::host, Error(ErrorCode::timed_out, "no answer in time"));
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1005"));
  EXPECT_THAT(first(report).observed, HasSubstr("which answers other questions"));
  EXPECT_EQ(report.exit_code(), 11);
}

TEST_F(WalkTest, is_sure_of_a_dead_resolver_only_where_the_question_itself_had_no_answer) {
  street_.names.set_failure(Street::host, Error(ErrorCode::dns, "SERVFAIL"));
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1004"));
  EXPECT_EQ(first(report).confidence, Confidence::likely) << "TCP alone may be blocked";
  EXPECT_THAT(first(report).observed, HasSubstr("SERVFAIL; asked again over TCP"));
  street_.names.set_failure(Street::host, Error(ErrorCode::timed_out, "no answer in time"));
  EXPECT_EQ(first(street_.walk(at(587))).confidence, Confidence::certain);
}

TEST_F(WalkTest, waits_for_a_slow_name_where_the_resolver_lives) {
  street_.serve_usual();
  street_.serve_names(0, 0);
  street_.unanswered = Street::host;
  street_.names.set_latency(seconds(5));
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M1018"));
}

TEST_F(WalkTest, calls_a_slow_resolver_slow_and_not_dead) {
  street_.serve_usual();
  street_.serve_names(0, 0);
  street_.names_delay = seconds(3);
  for (milliseconds latency : {milliseconds(2500), milliseconds(4500), milliseconds(7000)}) {
    street_.names.set_latency(latency);
    Report report = street_.walk(at(587));
    EXPECT_THAT(ids(report), ElementsAre("M1018"));
    EXPECT_EQ(report.exit_code(), 0);
  }
  street_.names.add_mx("example.com", 10, Street::host);
  street_.serve(25, {});
  Request domain;
  domain.host = "example.com";
  EXPECT_EQ(first(street_.walk(std::move(domain))).id, "M1018");
  street_.names.set_latency(milliseconds(500));
  EXPECT_THAT(ids(street_.walk(at(587))), IsEmpty());
}

TEST_F(WalkTest, waits_for_the_family_whose_answer_is_late) {
  street_.serve_usual();
  street_.names.set_v6_latency(seconds(6));
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1018"));
  EXPECT_THAT(report.rungs[1].line, HasSubstr("IPv4 and IPv6"));
  street_.names.set_v6_latency(minutes(1));
  report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1018"));
  EXPECT_THAT(first(report).observed, HasSubstr("no answer about the IPv6 addresses"));
}

TEST_F(WalkTest, says_over_what_it_asked) {
  street_.names.set_failure(Street::host, Error(ErrorCode::timed_out, "no answer in time"));
  street_.serve_names(0, 0);
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1004"));
  EXPECT_EQ(first(report).confidence, Confidence::likely);
  EXPECT_THAT(first(report).observed, HasSubstr("over TCP"));
  // Here UDP was not silent.
  street_.names.set_failure(Street::host, Error(ErrorCode::dns, "SERVFAIL"));
  report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1005"));
  EXPECT_THAT(first(report).observed, testing::Not(HasSubstr("UDP")));
}

TEST_F(WalkTest, names_the_aliases_that_lead_in_a_circle_or_nowhere) {
  street_.serve_names(0, 0);
  street_.name_servers.insert(street_.name_servers.begin(),
                              Endpoint{*IpAddress::parse("192.0.2.66"), 53});
  street_.aliases = {{"smtp.example.com", "a.example.com"}, {"a.example.com", "smtp.example.com"}};
  street_.names.set_failure(Street::host, Error(ErrorCode::dns, "SERVFAIL"));
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1017"));
  EXPECT_EQ(first(report).observed, "smtp.example.com -> a.example.com -> smtp.example.com");
  EXPECT_EQ(report.exit_code(), 11);
  street_.aliases = {{"gone.example.com", "nobody.example.org"}};
  Request request = at(587);
  request.host = "gone.example.com";
  report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M1001"));
  EXPECT_THAT(first(report).notes, ElementsAre(HasSubstr("nobody.example.org")));
}

TEST_F(WalkTest, knows_bogus_signatures_by_the_answer_without_checking) {
  street_.names.set_failure(Street::host, Error(ErrorCode::dns, "SERVFAIL"));
  street_.serve_names(2, 0);
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M1003"));
  EXPECT_EQ(report.exit_code(), 11);
}

TEST_F(WalkTest, says_what_is_odd_about_a_host_as_it_was_written) {
  street_.serve_usual();
  const std::pair<const char*, const char*> rows[] = {
      {"smtp.example.com ", "M1009"},
      {"smtp.example.com\xe2\x80\x8b", "M1009"},
      {"https://smtp.example.com/", "M1014"},
      {"ann@smtp.example.com", "M1014"},
  };
  for (const auto& [host, id] : rows) {
    Request request = at(587);
    request.host = host;
    Report report = street_.walk(std::move(request));
    EXPECT_THAT(ids(report), ElementsAre(id)) << host;
    EXPECT_EQ(first(report).parameters.at("meant"), Street::host);
    EXPECT_EQ(first(report).fixes.front().tested, Tested::works);
  }
}

TEST_F(WalkTest, blames_no_resolver_for_a_text_that_is_no_name) {
  street_.serve_usual();
  const std::pair<std::string, const char*> rows[] = {
      {"smtp.example.com:", "M1014"},       {"smtp.example.com,587", "M1014"},
      {"smtp,example.com", "M1014"},        {"smtp.example.com,b.test", "M1014"},
      {"smtp.example.com;b.test", "M1014"}, {"smtp.example.com:465", "M1014"},
  };
  for (const auto& [host, id] : rows) {
    Request request = at(587);
    request.host = host;
    Report report = street_.walk(std::move(request));
    EXPECT_THAT(ids(report), ElementsAre(id)) << host;
    EXPECT_EQ(first(report).parameters.at("meant"), Street::host) << host;
    EXPECT_EQ(first(report).fixes.front().tested, Tested::works) << host;
  }
  for (const std::string& host : {std::string("mail..example.com"), std::string("smtp.."),
                                  std::string(70, 'a') + ".example.com", std::string("."),
                                  std::string("a!b.example.com"), std::string("1:2:3")}) {
    Request request = at(587);
    request.host = host;
    Report report = street_.walk(std::move(request));
    EXPECT_THAT(ids(report), ElementsAre("M1016")) << host;
    EXPECT_EQ(first(report).parameters.at("seen"), host);
    EXPECT_EQ(report.exit_code(), 11);
  }
}

TEST_F(WalkTest, blames_the_port_for_what_stands_in_its_place) {
  street_.serve_usual();
  for (const char* port : {"0", "99999", "58O7", "smtp"}) {
    Request request;
    request.host = fmt::format("{}:{}", Street::host, port);
    Report report = street_.walk(std::move(request));
    EXPECT_THAT(ids(report), ElementsAre("M1020")) << port;
    EXPECT_EQ(first(report).parameters.at("seen"), port);
  }
}

TEST_F(WalkTest, knows_a_name_that_has_addresses_of_the_other_family_alone) {
  street_.names.add_address("six.example.com", street_.v6);
  Request request = at(587);
  request.host = "six.example.com";
  request.family = Family::v4_only;
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M1021"));
  EXPECT_EQ(first(report).parameters.at("meant"), "IPv6");
  EXPECT_EQ(report.exit_code(), 11);
}

TEST_F(WalkTest, corrects_the_recipient_where_no_such_domain_exists) {
  Request request;
  request.host = "gmial.example";
  request.mail_exchanger = true;
  request.to = "bob@gmial.example";
  EXPECT_THAT(ids(street_.walk(std::move(request))), ElementsAre("M1019"));
}

TEST_F(WalkTest, goes_on_over_the_next_mail_host_as_senders_do) {
  street_.serve(25, {});
  street_.names.add_address("dead.example.com", street_.name_host.host());
  street_.names.add_mx("example.com", 20, Street::host);
  street_.names.add_mx("example.com", 10, "dead.example.com");
  for (bool silent : {false, true}) {
    if (silent)
      street_.world().network().partition(street_.client.host(), street_.name_host.host());
    Request request;
    request.host = "example.com";
    Report report = street_.walk(std::move(request));
    EXPECT_EQ(first(report).id, "M2025") << silent;
    EXPECT_EQ(first(report).parameters.at("name"), "dead.example.com");
    EXPECT_EQ(report.target_host, Street::host);
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_EQ(report.rungs[2].status, RungStatus::pass);
  }
}

TEST_F(WalkTest, blames_the_first_mail_host_where_none_is_reached) {
  street_.names.add_address("dead.example.com", street_.name_host.host());
  street_.names.add_mx("example.com", 20, Street::host);
  street_.names.add_mx("example.com", 10, "dead.example.com");
  Request request;
  request.host = "example.com";
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M2001"));
  EXPECT_EQ(report.target_host, "dead.example.com");
  EXPECT_THAT(first(report).notes, testing::Contains(HasSubstr(Street::host)));
}

TEST_F(WalkTest, names_the_address_that_takes_no_connection_beside_one_that_does) {
  street_.serve_usual();
  street_.names.add_address(Street::host, street_.name_host.host());
  for (bool silent : {false, true}) {
    if (silent)
      street_.world().network().partition(street_.client.host(), street_.name_host.host());
    Report report = street_.walk(at(587));
    EXPECT_THAT(ids(report), ElementsAre("M2023")) << silent;
    EXPECT_EQ(first(report).parameters.at("address"), street_.name_host.host().text());
    EXPECT_EQ(report.exit_code(), 0);
    EXPECT_THAT(report.rungs[1].line, HasSubstr("IPv4 and IPv6; 1 dead address"));
  }
}

TEST_F(WalkTest, goes_on_over_the_family_that_speaks_where_the_other_one_is_let_down) {
  Script closes;
  closes.closes = true;
  Script silent;
  silent.silent = true;
  Script breaks_off;
  breaks_off.hello = "close";
  uint16_t port = 2100;
  for (const Script& script : {closes, silent, breaks_off}) {
    street_.serve_at(street_.mail_v6, ++port, script);
    street_.serve_at(street_.mail_v4, port, {});
    Report report = street_.walk(at(port, Encryption::starttls));
    EXPECT_THAT(ids(report), ElementsAre("M2024")) << port;
    EXPECT_EQ(first(report).parameters.at("address"), street_.v6.text());
    EXPECT_EQ(first(report).fixes.front().id, "ipv4");
    EXPECT_EQ(report.exit_code(), 12);
    EXPECT_EQ(report.rungs[2].status, RungStatus::pass);
    EXPECT_THAT(report.rungs[2].line, HasSubstr("over IPv4"));
  }
}

TEST_F(WalkTest, walks_a_domain_by_its_mail_hosts) {
  street_.serve(25, {});
  street_.names.add_mx("example.com", 10, Street::host);
  Request request;
  request.host = "example.com";
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), IsEmpty());
  EXPECT_EQ(report.target_port, 25);
  EXPECT_EQ(report.domain, "example.com");
  street_.names.add_mx("null.example.com", 0, "");
  Request null_mx;
  null_mx.host = "null.example.com";
  EXPECT_THAT(ids(street_.walk(std::move(null_mx))), ElementsAre("M1010"));
  street_.names.add_mx("dangling.example.com", 10, "gone.example.com");
  Request dangling;
  dangling.host = "dangling.example.com";
  EXPECT_THAT(ids(street_.walk(std::move(dangling))), ElementsAre("M1011"));
}

// What it would find broken there is nothing that mail comes to.
TEST_F(WalkTest, passes_over_mail_hosts_where_none_is_visited) {
  street_.serve(25, {});
  const IpAddress inside = *IpAddress::parse("10.0.0.1");
  street_.names.add_address("inside.example.com", inside);
  street_.names.add_mx("example.com", 10, "inside.example.com");
  street_.names.add_mx("example.com", 20, Street::host);
  auto walk_past = [&](std::string host) {
    Request request;
    request.host = std::move(host);
    request.mail_exchanger = true;
    request.forbidden_addresses = {*IpPrefix::parse("10.0.0.0/8")};
    return street_.walk(std::move(request));
  };
  Report report = walk_past("example.com");
  EXPECT_THAT(ids(report), IsEmpty());
  EXPECT_EQ(report.target_host, Street::host);
  street_.names.add_mx("all.example.com", 10, "inside.example.com");
  for (const char* host : {"all.example.com", "inside.example.com"}) {
    report = walk_past(host);
    EXPECT_THAT(ids(report), IsEmpty()) << host;
    EXPECT_EQ(report.rungs.front().status, RungStatus::unknown) << host;
    EXPECT_EQ(report.effects.connections, 0u) << host;
  }
}

TEST_F(WalkTest, visits_the_submission_service_that_a_domain_names) {
  street_.serve(25, {});
  street_.serve_usual();
  street_.names.add_mx("example.com", 10, Street::host);
  street_.names.add_srv("_submission._tcp.example.com", {0, 1, 587, Street::host});
  street_.names.add_srv("_submissions._tcp.example.com", {10, 1, 466, Street::host});
  Request request;
  request.host = "example.com";
  std::vector<RungResult> heard;
  auto way = [&heard](Context& context, Request asked) {
    return walk(context, std::move(asked),
                [&heard](const RungResult& result) { heard.push_back(result); });
  };
  Report report = street_.walk_by(way, std::move(request));
  EXPECT_THAT(ids(report), IsEmpty());
  // Who hears the rungs as they come learns it on the same one.
  ASSERT_EQ(heard.size(), 6u);
  std::vector<std::string> visited;
  for (const Fact& fact : heard[0].facts)
    if (fact.key == "submission") visited = fact.values;
  EXPECT_THAT(visited, ElementsAre("smtp.example.com:587 (starttls) works",
                                   HasSubstr("smtp.example.com:466 (implicit) does not work: ")));
  std::string text = report_page(report, checks::shipped_catalogue(), {}).plain_text();
  EXPECT_THAT(text, HasSubstr("Submission of its users: smtp.example.com:587"));
}

TEST_F(WalkTest, logs_in_at_the_server_that_a_domain_names_within_itself) {
  street_.serve_usual();
  street_.names.add_mx("example.com", 10, "mx.elsewhere.example");
  street_.names.add_address("example.com", street_.v4);
  street_.names.add_srv("_submission._tcp.example.com", {0, 1, 0, ""});
  street_.names.add_srv("_submissions._tcp.example.com", {0, 1, 465, Street::host});
  Request request;
  request.host = "example.com";
  request.user = "ann@example.com";
  request.password = Secret("correct horse");
  Report report = street_.walk(std::move(request));
  EXPECT_EQ(report.target_host, Street::host);
  EXPECT_EQ(report.target_port, 465);
  EXPECT_EQ(report.effects.login_attempts, 1u);
}

TEST_F(WalkTest, sends_no_password_to_a_name_that_looks_like_a_providers) {
  street_.serve_usual();
  street_.names.add_address("smtp.gmai1.com", street_.v4);
  Request request = at(587);
  request.host = "smtp.gmai1.com";
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M1008", "M3023")) << "a walk without a login goes on";
  auto with_login = [](const char* host) {
    Request asked = at(587);
    asked.host = host;
    asked.user = "ann@gmail.com";
    asked.password = Secret("correct horse");
    return asked;
  };
  report = street_.walk(with_login("smtp.gmai1.com"));
  EXPECT_THAT(ids(report), ElementsAre("M1008"));
  EXPECT_EQ(report.exit_code(), 11);
  EXPECT_EQ(report.effects.connections, 0u);
  // Meant as it is written.
  report = street_.walk(with_login("smtp.gmai1.com."));
  EXPECT_THAT(ids(report), ElementsAre("M1008", "M3023"));
}

TEST_F(WalkTest, recommends_only_a_name_that_can_be_connected_to) {
  street_.serve_usual();
  street_.names.add_address("other.example.com", street_.v4);
  Request request = at(587);
  request.host = "other.example.com";
  Report report = street_.walk(std::move(request));
  EXPECT_EQ(first(report).id, "M3023");
  EXPECT_EQ(first(report).parameters.at("meant"), Street::host);
}

TEST_F(WalkTest, lets_no_password_follow_the_name_system_to_somebody_else) {
  street_.serve_usual();
  street_.names.add_address("example.org", street_.v4);
  street_.names.add_srv("_submissions._tcp.example.org", {0, 1, 465, Street::host});
  Request request;
  request.host = "example.org";
  request.user = "ann@example.org";
  request.password = Secret("correct horse");
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M1015"));
  EXPECT_EQ(report.exit_code(), 11);
  EXPECT_EQ(report.effects.connections, 0u);
  EXPECT_EQ(report.effects.login_attempts, 0u);
}

TEST_F(WalkTest, names_a_refused_port_within_two_seconds_with_one_that_works) {
  Script implicit;
  implicit.tls_at_once = true;
  street_.serve(465, implicit);
  Instant began = street_.world().now();
  Report report = street_.walk(at(587));
  EXPECT_LT(street_.world().now() - began, seconds(2));
  EXPECT_THAT(ids(report), ElementsAre("M2001"));
  EXPECT_EQ(report.exit_code(), 12);
  ASSERT_TRUE(fix(report, "port"));
  EXPECT_EQ(fix(report, "port")->tested, Tested::works);
  EXPECT_EQ(fix(report, "port")->set.at("port"), "465");
  EXPECT_EQ(report.rungs[2].status, RungStatus::skipped);
}

TEST_F(WalkTest, goes_one_short_way_and_speaks_of_no_mail_where_that_is_wanted) {
  street_.serve_usual();
  Report report = street_.walk_to_tls(at(587));
  ASSERT_EQ(report.rungs.size(), 3u);
  EXPECT_EQ(report.rungs[2].status, RungStatus::pass);
  EXPECT_FALSE(report.stopped_at());
  EXPECT_THAT(street_.heard(), HasSubstr("QUIT"));
  EXPECT_THAT(street_.heard(), testing::Not(HasSubstr("MAIL")));
  // One for each address of the host, and none to its other ports.
  Report refused = street_.walk_to_tls(at(2525));
  EXPECT_EQ(first(refused).id, "M2001");
  EXPECT_EQ(refused.effects.connections, 2u);
  Report mismatched = street_.walk_to_tls(at(587, Encryption::implicit));
  EXPECT_EQ(first(mismatched).id, "M3001");
  EXPECT_THAT(first(mismatched).fixes, IsEmpty());
}

TEST_F(WalkTest, names_a_silent_host_within_twelve_seconds) {
  street_.serve_usual();
  street_.world().network().partition(street_.client.host(), street_.v4);
  street_.world().network().partition(street_.client.host(), street_.v6);
  Instant began = street_.world().now();
  Report report = street_.walk(at(587));
  EXPECT_LT(street_.world().now() - began, seconds(12));
  EXPECT_THAT(ids(report), ElementsAre("M2002"));
}

TEST_F(WalkTest, walks_on_over_ipv4_where_ipv6_is_a_black_hole) {
  street_.serve_usual();
  street_.world().network().partition(street_.client.host(), street_.v6);
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M2006"));
  EXPECT_EQ(report.exit_code(), 12);
  EXPECT_EQ(report.rungs[2].status, RungStatus::pass);
  EXPECT_THAT(report.rungs[2].line, HasSubstr("over IPv4"));
}

TEST_F(WalkTest, suspects_a_typing_error_in_the_port_only_where_the_right_one_answers) {
  EXPECT_THAT(ids(street_.walk(at(578))), ElementsAre("M2001"));
  street_.serve_usual();
  Report report = street_.walk(at(578));
  EXPECT_THAT(ids(report), ElementsAre("M2014"));
  EXPECT_EQ(first(report).parameters.at("meant"), "587");
}

TEST_F(WalkTest, reads_what_is_in_the_place_of_a_greeting) {
  struct Row {
    const char* greeting;
    const char* id;
    int exit;
  };
  const Row rows[] = {
      {"SSH-2.0-OpenSSH_9.2p1\r\n", "M2013", 12},
      {"* OK IMAP4rev1 ready\r\n", "M2013", 12},
      {"+OK POP3 ready\r\n", "M2013", 12},
      {"554 5.7.1 No service for you\r\n", "M2015", 12},
      {"421 4.7.0 Too many connections\r\n", "M2018", 75},
      {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\r\n",
       "M5009", 12},
      {"421 4.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org\r\n", "M5009", 12},
      {"450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]\r\n", "M5010", 12},
      {"450 4.2.0 Greylisted, please try again later\r\n", "M2018", 75},
  };
  uint16_t port = 2000;
  for (const Row& row : rows) {
    Script script;
    script.greeting = row.greeting;
    street_.serve(++port, script);
    Report report = street_.walk(at(port, Encryption::starttls));
    EXPECT_THAT(ids(report), ElementsAre(row.id)) << row.greeting;
    EXPECT_EQ(report.exit_code(), row.exit) << row.greeting;
  }
}

TEST_F(WalkTest, tells_silence_from_an_end_and_from_a_slow_greeting) {
  Script silent, closes, slow, quick;
  silent.silent = true;
  closes.closes = true;
  slow.delay = seconds(20);
  quick.delay = std::chrono::milliseconds(4900);
  street_.serve(2001, silent);
  street_.serve(2002, closes);
  street_.serve(2003, slow);
  street_.serve(2004, quick);
  EXPECT_THAT(ids(street_.walk(at(2001, Encryption::starttls))), ElementsAre("M2010"));
  EXPECT_THAT(ids(street_.walk(at(2002, Encryption::starttls))), ElementsAre("M2016"));
  Report report = street_.walk(at(2003, Encryption::starttls));
  EXPECT_THAT(ids(report), ElementsAre("M2011"));
  EXPECT_EQ(report.exit_code(), 0);
  EXPECT_THAT(ids(street_.walk(at(2004, Encryption::starttls))), IsEmpty());
}

TEST_F(WalkTest, calls_a_greeting_that_comes_octet_by_octet_no_silence) {
  Script drips, lines, stops, ends;
  drips.greeting = "220 mail.example.com ESMTP spamd IP-based SPAM blocker; Sun Nov 22\r\n";
  drips.between_octets = seconds(1);
  for (int i = 0; i < 80; ++i) lines.greeting.insert(0, "220-wait\r\n");
  lines.between_octets = std::chrono::milliseconds(100);
  stops.greeting_octets = 9;
  stops.between_octets = std::chrono::milliseconds(10);
  ends.between_octets = std::chrono::milliseconds(300);
  street_.serve(2001, drips);
  street_.serve(2002, lines);
  street_.serve(2003, stops);
  street_.serve(2004, ends);
  for (uint16_t port : {2001, 2002, 2003}) {
    Report report = street_.walk(at(port));
    EXPECT_THAT(ids(report), ElementsAre("M2022")) << port;
    EXPECT_EQ(report.exit_code(), 12);
    EXPECT_THAT(first(report).observed, testing::StartsWith("220"));
    EXPECT_THAT(report.rungs[1].line, HasSubstr("did not end its greeting in 30 s"));
  }
  EXPECT_EQ(first(street_.walk(at(2001))).confidence, Confidence::likely);
  EXPECT_EQ(first(street_.walk(at(2003))).confidence, Confidence::possible);
  EXPECT_THAT(ids(street_.walk(at(2004))), ElementsAre("M2011"));
}

TEST_F(WalkTest, knows_another_protocol_that_greets_as_mail_does) {
  struct Row {
    const char* greeting;
    const char* hello;
    const char* lmtp;
    const char* protocol;
  };
  const Row rows[] = {
      {"220 mail LMTP Dovecot ready\r\n", "500 5.5.1 Unknown command\r\n", "250 mail\r\n", "LMTP"},
      {"220 mail ready\r\n", "502 5.5.2 Error: command not recognized\r\n", "250 mail\r\n", "LMTP"},
      {"220 mail LMTP ready\r\n", "500 5.5.1 Unknown command\r\n", "500 5.5.1 no\r\n", "LMTP"},
      {"220 (vsFTPd 3.0.3)\r\n", "530 Please login with USER and PASS.\r\n", "", "FTP"},
      {"220 ProFTPD Server ready\r\n", "500 EHLO not understood\r\n", "500 no\r\n", "FTP"},
      {"200 news.example.com InterNetNews NNRP server ready\r\n", "500 Unknown command\r\n",
       "500 no\r\n", "NNTP"},
      {"220 hi\r\n", "500 5.5.1 Unknown command\r\n", "500 5.5.1 no\r\n", "no EHLO"},
      {"\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n", "", "", "ManageSieve"},
  };
  uint16_t port = 2000;
  for (const Row& row : rows) {
    Script script;
    script.greeting = row.greeting;
    script.hello = row.hello;
    script.lmtp_hello = row.lmtp;
    street_.serve(++port, script);
    Report report = street_.walk(at(port, Encryption::starttls));
    EXPECT_THAT(ids(report), ElementsAre("M2013")) << row.greeting;
    EXPECT_THAT(first(report).parameters.at("protocol"), HasSubstr(row.protocol));
    EXPECT_EQ(first(report).parameters.at("other_port"), "587");
  }
  Script refuses;
  refuses.greeting = "220 ftp.example.com ESMTP Postfix\r\n";
  for (const auto& [hello, id] : std::map<const char*, const char*>{
           {"500 5.7.1 Access denied\r\n", "M2015"},
           {"501 5.5.4 Invalid domain name\r\n", "M2019"},
           {"550 lmtp.example.com does not like you\r\n", "M2019"}}) {
    refuses.hello = hello;
    street_.serve(++port, refuses);
    EXPECT_THAT(ids(street_.walk(at(port, Encryption::starttls))), ElementsAre(id)) << hello;
  }
}

// Nobody is blamed for what a resolver or a port did, and no advice is given that is followed.
TEST_F(WalkTest, says_at_the_door_what_it_is_about) {
  Script greets, wants_tls;
  greets.greeting =
      "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
      "Error: open resolver\r\n";
  wants_tls.greeting = "521 5.7.0 TLS required; use port 465\r\n";
  street_.serve(2001, greets);
  street_.serve(2002, wants_tls);
  Report resolver = street_.walk(at(2001, Encryption::starttls));
  EXPECT_THAT(ids(resolver), ElementsAre("M5019"));
  EXPECT_EQ(first(resolver).confidence, Confidence::possible);
  Report tls = street_.walk(at(2002, Encryption::starttls));
  ASSERT_THAT(ids(tls), ElementsAre("M5012"));
  EXPECT_EQ(fix(tls, "starttls")->tested, Tested::fails);
  Report clear = street_.walk(at(2002, Encryption::none));
  ASSERT_THAT(ids(clear), ElementsAre("M5012"));
  EXPECT_EQ(fix(clear, "starttls")->tested, Tested::not_tested);
}

TEST_F(WalkTest, a_certificate_is_blamed_for_no_limit_and_no_unknown_command) {
  Script limited, unknown;
  limited.starttls = "501 5.7.0 TLS handshake limit, too many per minute\r\n";
  unknown.starttls = "502 5.5.1 command not implemented\r\n";
  street_.serve(2001, limited);
  street_.serve(2002, unknown);
  EXPECT_THAT(ids(street_.walk(at(2001, Encryption::starttls))), ElementsAre("M2018"));
  Report report = street_.walk(at(2002, Encryption::starttls));
  EXPECT_THAT(ids(report), ElementsAre("M3005"));
  EXPECT_EQ(first(report).confidence, Confidence::likely);
  EXPECT_THAT(first(report).notes, ElementsAre(HasSubstr("lists STARTTLS and takes the command")));
}

// What Nodemailer and others do with secure: false.
TEST_F(WalkTest, a_program_that_stays_clear_where_nothing_is_offered_is_not_broken) {
  Script plain;
  plain.extensions = {"AUTH PLAIN"};
  plain.starttls = "502 5.5.1 Not implemented\r\n";
  street_.serve(587, plain);
  Request request = at(587, Encryption::starttls);
  request.clear_if_not_offered = true;
  Report report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M3003"));
  EXPECT_EQ(first(report).severity, Severity::warning);
  EXPECT_EQ(report.exit_code(), 0);
  request = at(587, Encryption::starttls);
  request.clear_if_not_offered = true;
  request.user = "ann@example.com";
  report = street_.walk(std::move(request));
  EXPECT_THAT(ids(report), ElementsAre("M3003"));
  EXPECT_EQ(report.exit_code(), 13);
}

TEST_F(WalkTest, shows_a_no_for_now_where_it_was_said) {
  Script script;
  script.starttls = "421 4.7.0 closing\r\n";
  street_.serve(2001, script);
  Report report = street_.walk(at(2001, Encryption::starttls));
  EXPECT_THAT(ids(report), ElementsAre("M2018"));
  EXPECT_EQ(first(report).severity, Severity::warning);
  EXPECT_EQ(report.stopped_at(), Rung::tls);
  EXPECT_EQ(report.exit_code(), 75);
  EXPECT_EQ(report.rungs[1].status, RungStatus::pass);
}

// RFC 3207 §4; whether it comes in one piece with the 220 or after it makes no difference.
TEST_F(WalkTest, hears_what_is_said_in_the_clear_behind_the_yes_to_starttls) {
  struct Row {
    const char* behind;
    const char* id;
    int exit;
  };
  const Row rows[] = {
      {"454 4.7.0 TLS not available due to local problem\r\n", "M3005", 13},
      {"421 4.7.0 closing, too busy\r\n", "M2018", 75},
      {"250 2.0.0 injected\r\n", "M3009", 13},
      {"hello\r\n", "M3009", 13},
      {"\r\n", "M3009", 13},
  };
  uint16_t port = 2000;
  for (const Row& row : rows) {
    Script script;
    script.starttls = std::string("220 2.0.0 Ready\r\n") + row.behind;
    street_.serve(++port, script);
    Report report = street_.walk(at(port, Encryption::starttls));
    EXPECT_THAT(ids(report), ElementsAre(row.id)) << row.behind;
    EXPECT_EQ(report.exit_code(), row.exit) << row.behind;
    ASSERT_FALSE(first(report).evidence.empty());
    const Evidence& shown = report.evidence[first(report).evidence.front() - 1];
    EXPECT_EQ(shown.kind, Evidence::Kind::received);
    EXPECT_EQ(shown.text, first(report).observed);
  }
}

TEST_F(WalkTest, knows_lost_large_packets_by_the_short_answer_that_arrives) {
  Script script;
  script.ehlo_lost = true;
  street_.serve(587, script);
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M2012"));
}

TEST_F(WalkTest, tells_what_goes_wrong_behind_a_good_greeting) {
  struct Row {
    const char* hello;
    const char* id;
    int exit;
    const char* seen;
  };
  const Row rows[] = {
      {"550 5.7.1 Access denied\r\n", "M2015", 12, "Access denied"},
      {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\r\n",
       "M5009", 12, "zen.spamhaus.org"},
      {"554 5.7.1 Reverse DNS required\r\n", "M5010", 12, "Reverse DNS"},
      {"504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname\r\n", "M2019",
       12, "fully-qualified"},
      {"503 5.5.1 Bad sequence of commands\r\n", "M2019", 12, "Bad sequence"},
      {"450 4.7.1 <a.test>: Helo command rejected: Host not found\r\n", "M2019", 12, "Host not"},
      {"550 5.7.1 SPF HELO check failed: not allowed to use a.test\r\n", "M2019", 12, "SPF"},
      {"530 5.7.0 Must issue a STARTTLS command first\r\n", "M5012", 12, "STARTTLS"},
      {"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; "
       "Error: open resolver; https://check.spamhaus.org/returnc/pub/192.0.2.53/\r\n",
       "M5019", 12, "open resolver"},
      {"451 4.7.0 Try again later\r\n", "M2018", 75, "Try again later"},
      {"close", "M2020", 12, "closed the connection"},
      {"who are you?\r\n", "M2020", 12, "no SMTP reply"},
  };
  uint16_t port = 2000;
  for (const Row& row : rows) {
    Script script;
    script.hello = row.hello;
    street_.serve(++port, script);
    Report report = street_.walk(at(port, Encryption::starttls));
    EXPECT_THAT(ids(report), ElementsAre(row.id)) << row.hello;
    EXPECT_EQ(report.exit_code(), row.exit) << row.hello;
    Parameters values = first(report).parameters;
    EXPECT_THAT(first(report).observed + values["seen"], HasSubstr(row.seen));
  }
}

TEST_F(WalkTest, blames_no_packet_size_where_a_large_answer_came_or_a_small_one_does_not) {
  Script nothing, secured;
  nothing.ehlo_lost = true;
  nothing.hello = "421 4.3.2 Not now\r\n";  // to HELO
  secured.silent_in_tls = true;
  street_.serve(2001, nothing);
  street_.serve(2002, secured);
  EXPECT_THAT(ids(street_.walk(at(2001, Encryption::starttls))), ElementsAre("M2021"));
  EXPECT_THAT(ids(street_.walk(at(2002, Encryption::starttls))), ElementsAre("M2021"));
}

TEST_F(WalkTest, keeps_to_six_connections_at_once) {
  for (const char* more : {"203.0.113.11", "2001:db8::11"})
    street_.names.add_address(Street::host, *IpAddress::parse(more));
  street_.world().network().partition(street_.client.host(), street_.v4);
  street_.world().network().partition(street_.client.host(), street_.v6);
  for (const char* more : {"203.0.113.11", "2001:db8::11"})
    street_.world().network().partition(street_.client.host(), *IpAddress::parse(more));
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M2002"));
  EXPECT_EQ(report.effects.connections, 6u);  // all of them wait until the end
}

TEST_F(WalkTest, tells_all_that_was_tried_in_its_order) {
  Script implicit;
  implicit.tls_at_once = true;
  street_.serve(465, implicit);
  Report report = street_.walk({});
  const RungResult& connect = report.rungs[1];
  std::vector<std::string> tried;
  for (const Fact& fact : connect.facts)
    if (fact.key == "port")
      EXPECT_THAT(fact.values, ElementsAre("465"));
    else if (fact.key == "tried")
      tried = fact.values;
  EXPECT_THAT(tried, ElementsAre(HasSubstr(":587 refused"), HasSubstr(":587 refused"),
                                 HasSubstr(":465 works"), HasSubstr(":2525 "), HasSubstr(":25 "),
                                 HasSubstr(":465 connected"), HasSubstr(":465 connected")));
}

TEST_F(WalkTest, names_an_encryption_mode_that_does_not_fit_and_tries_the_right_one) {
  street_.serve_usual();
  Report report = street_.walk(at(587, Encryption::implicit));
  EXPECT_THAT(ids(report), ElementsAre("M3001"));
  EXPECT_EQ(report.exit_code(), 13);
  ASSERT_TRUE(fix(report, "starttls") && fix(report, "port"));
  EXPECT_EQ(fix(report, "starttls")->tested, Tested::works);
  EXPECT_EQ(fix(report, "port")->tested, Tested::works);
  EXPECT_THAT(first(report).observed, HasSubstr("220 smtp.example.com"));
  Report other = street_.walk(at(465, Encryption::starttls));
  EXPECT_THAT(ids(other), ElementsAre("M3002"));
  EXPECT_EQ(fix(other, "implicit")->tested, Tested::works);
}

TEST_F(WalkTest, tells_starttls_that_is_missing_from_masked_and_refused) {
  Script missing, masked, refused;
  missing.extensions = {"AUTH PLAIN"};
  missing.starttls = "502 5.5.1 Not implemented\r\n";
  masked = missing;
  masked.extensions = {"XXXXXXXA", "AUTH PLAIN"};
  refused.starttls = "454 4.7.0 TLS not available due to local problem\r\n";
  street_.serve(2001, missing);
  street_.serve(2002, masked);
  street_.serve(2003, refused);
  EXPECT_THAT(ids(street_.walk(at(2001))), ElementsAre("M3003"));
  EXPECT_THAT(ids(street_.walk(at(2002))), ElementsAre("M3004"));
  Report report = street_.walk(at(2003));
  EXPECT_THAT(ids(report), ElementsAre("M3005"));
  EXPECT_THAT(first(report).observed, HasSubstr("454"));
}

TEST_F(WalkTest, tells_alerts_apart) {
  const std::map<int, std::string> meant{
      {0, "M3008"},  {40, "M3007"}, {42, "M3011"},  {48, "M3011"},  {50, "M3011"},  {70, "M3006"},
      {71, "M3007"}, {80, "M3011"}, {112, "M3012"}, {116, "M3010"}, {120, "M3011"}, {200, "M3011"}};
  uint16_t port = 2001;
  for (const auto& [number, id] : meant) {
    Script script;
    script.for_handshake = std::string("\x15\x03\x03\x00\x02\x02", 6) + static_cast<char>(number);
    street_.serve(++port, script);
    Report report = street_.walk(at(port));
    EXPECT_THAT(ids(report), ElementsAre(id)) << number;
    EXPECT_EQ(report.rungs[2].status, RungStatus::fail) << number;
    expect_filled(first(report));
  }
}

TEST_F(WalkTest, judges_the_certificate) {
  street_.serve_usual();
  street_.world().jump_wall_clock(days(100));
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M3021"));
  street_.world().jump_wall_clock(-days(200));
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M3022"));
  street_.world().jump_wall_clock(days(100));
  auto other = *tls::make_self_signed({"other.example.com"}, days(90), street_.world());
  street_.show(other);
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M3024"));
  street_.trust(other.certificate_pem);
  Report report = street_.walk(at(587));
  EXPECT_THAT(ids(report), ElementsAre("M3023"));
  EXPECT_EQ(first(report).parameters.at("name"), "other.example.com");
}

TEST_F(WalkTest, believes_the_time_in_a_greeting_rather_than_its_own_clock) {
  Script exim;
  exim.greeting = fmt::format("220 smtp.example.com ESMTP Exim 4.96 {}\r\n",
                              base::to_rfc5322_date(street_.world().wall_now()));
  street_.serve(587, exim);
  street_.world().jump_wall_clock(days(400));
  EXPECT_THAT(ids(street_.walk(at(587))), ElementsAre("M3028"));
}

TEST_F(WalkTest, says_nothing_secret_to_a_host_that_could_not_prove_itself) {
  street_.serve_usual();
  street_.world().jump_wall_clock(days(100));
  Request request = at(587);
  request.user = "ann@example.com";
  request.password = Secret("correct horse");
  Report report = street_.walk(std::move(request));
  EXPECT_EQ(report.rungs[3].status, RungStatus::skipped);
  EXPECT_EQ(report.effects.login_attempts, 0u);
  EXPECT_THAT(street_.heard(), testing::Not(HasSubstr("AUTH")));
}

// A program that does not encrypt, in front of a server that has logins only elsewhere.
class LoginInTheClear : public WalkTest {
 protected:
  Finding finding(Script script) {
    script.extensions = {"STARTTLS"};
    street_.serve(587, std::move(script));
    Request request = at(587, Encryption::none);
    request.user = "ann@example.com";
    request.password = Secret("correct horse");
    Report report = street_.walk(std::move(request));
    EXPECT_EQ(report.exit_code(), 14);
    EXPECT_EQ(street_.heard().find("AUTH "), std::string::npos);
    Finding found = first(report);
    expect_filled(found);
    EXPECT_FALSE(found.rules_out_tls);
    return found;
  }
  static Tested tested(const Finding& finding, std::string_view id) {
    for (const Fix& fix : finding.fixes)
      if (fix.id == id) return fix.tested;
    return Tested::not_tested;
  }
};

TEST_F(LoginInTheClear, is_told_of_the_login_behind_starttls_that_was_seen) {
  Script script;
  script.extensions_in_tls = {"AUTH PLAIN"};
  const Finding found = finding(script);
  EXPECT_EQ(found.id, "M4003");
  EXPECT_EQ(tested(found, "starttls"), Tested::works);
}

TEST_F(LoginInTheClear, is_told_where_there_is_none_behind_starttls_either) {
  Script script;
  script.extensions_in_tls = {"8BITMIME"};
  const Finding found = finding(script);
  EXPECT_EQ(found.id, "M4004");
  EXPECT_EQ(tested(found, "port"), Tested::fails);
}

TEST_F(LoginInTheClear, is_told_that_starttls_leads_nowhere) {
  street_.show(*tls::make_self_signed({Street::host}, std::chrono::days(90), street_.world()));
  Script script;
  script.extensions_in_tls = {"AUTH PLAIN"};
  const Finding found = finding(script);
  EXPECT_EQ(found.id, "M4033");
  EXPECT_THAT(found.parameters.at("seen"), testing::HasSubstr("the certificate does not hold"));
  EXPECT_THAT(found.notes, testing::Contains(testing::HasSubstr("offers PLAIN")));
}

TEST_F(LoginInTheClear, is_shown_the_port_that_works) {
  Script script;
  script.extensions_in_tls = {"8BITMIME"};
  Script implicit;
  implicit.tls_at_once = true;
  implicit.extensions = {"AUTH PLAIN LOGIN"};
  street_.serve(465, implicit);
  const Finding found = finding(script);
  EXPECT_EQ(found.id, "M4004");
  EXPECT_EQ(tested(found, "port"), Tested::works);
  EXPECT_EQ(found.parameters.at("other_port"), "465");
}

}  // namespace
}  // namespace waypost::doctor
