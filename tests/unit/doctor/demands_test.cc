#include "doctor/demands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/name_server.h"
#include "tests/unit/doctor/filled.h"
#include "tests/unit/doctor/street.h"

namespace waypost::doctor {
namespace {

using dns::Trust;
using fakes::NameServer;
using std::chrono::days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
namespace type = dns::record_type;

constexpr const char* domain = "example.com";
constexpr const char* tlsa = "_25._tcp.smtp.example.com";
constexpr const char* policy_host = "mta-sts.example.com";
constexpr const char* enforced =
    "version: STSv1\nmode: enforce\nmx: smtp.example.com\nmax_age: 604800\n";

// "3 1 1 0a1b" as rdata.
std::string rdata_of(std::string_view text) {
  std::string rdata{static_cast<char>(text[0] - '0'), static_cast<char>(text[2] - '0'),
                    static_cast<char>(text[4] - '0')};
  for (size_t at = 6; at + 1 < text.size(); at += 2)
    rdata += static_cast<char>(std::stoi(std::string(text.substr(at, 2)), nullptr, 16));
  return rdata;
}

const RungResult& rung(const Report& report) { return report.rungs.at(2); }

std::string fact(const Report& report, const std::string& key) {
  for (const Fact& each : rung(report).facts)
    if (each.key == key) return each.values.front();
  return "no such fact";
}

std::vector<std::string> ids(const Report& report) {
  std::vector<std::string> found;
  for (const RungResult& result : report.rungs)
    for (const Finding& finding : result.findings) {
      expect_filled(finding);
      found.push_back(finding.id);
    }
  return found;
}

class DemandsTest : public testing::Test {
 protected:
  DemandsTest() {
    street_.serve(25, {});
    street_.names.add_mx(domain, 10, Street::host);
  }

  Report walk(const std::string& to = "") {
    Request request;
    request.host = domain;
    request.to = to;
    return street_.walk(std::move(request));
  }

  // Signed as far as the host.
  void sign(Trust mx = Trust::secure, Trust address = Trust::secure) {
    signed_.emplace(street_.name_host);
    signed_->add(domain, type::mx, std::string("\0\12", 2) + NameServer::wire_name(Street::host),
                 mx);
    signed_->add(Street::host, type::a, std::string(street_.v4.octets()), address);
  }
  void publish(const std::string& record, Trust trust = Trust::secure) {
    signed_->add(tlsa, type::tlsa, rdata_of(record), trust);
  }

  void announce(const std::string& record = "v=STSv1; id=1;") {
    street_.names.add_txt("_mta-sts.example.com", {record});
  }
  // A web server that says this to everybody.
  void serve_policy(std::string answer, const char* name = policy_host) {
    street_.names.add_address(policy_host, web_.host());
    web_pair_ = *tls::make_self_signed({name}, days(90), street_.world());
    street_.disk.files["ca.pem"] += web_pair_.certificate_pem;
    web_tls_ = *tls::ServerContext::from_pem(web_pair_.certificate_pem, web_pair_.key_pem);
    web_listener_ = *web_.network().listen({web_.host(), 443}, {});
    answer_ = std::move(answer);
    web_tasks_.start(serve_web());
  }
  static std::string http(const std::string& body, const std::string& head = "200 OK",
                          const std::string& content_type = "text/plain; charset=utf-8") {
    return "HTTP/1.1 " + head + "\r\nContent-Type: " + content_type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  io::Task<void> serve_web() {
    while (true) {
      auto accepted = co_await web_listener_->accept();
      if (!accepted) co_return;
      const Instant deadline = web_.now() + std::chrono::seconds(5);
      auto secured = co_await tls::accept(*std::move(accepted), *web_tls_, deadline);
      if (!secured) continue;
      std::array<char, 2048> piece;
      auto got = co_await (*secured)->read(piece, deadline);
      if (!got) continue;
      asked_.assign(piece.data(), *got);
      auto written = co_await (*secured)->write(answer_, deadline);
      auto ended = co_await (*secured)->end_writing(deadline);
    }
  }

  Street street_;
  std::optional<NameServer> signed_;
  io::SimProcess& web_ = street_.world().make_process(*IpAddress::parse("203.0.113.44"));
  tls::KeyPair web_pair_;
  std::unique_ptr<tls::ServerContext> web_tls_;
  std::unique_ptr<io::Listener> web_listener_;
  std::string answer_;
  std::string asked_;
  io::TaskGroup web_tasks_;
};

const std::string stale = "3 1 1 " + std::string(64, 'a');

TEST_F(DemandsTest, a_domain_that_demands_nothing_is_no_finding) {
  sign();
  Report report = walk();
  EXPECT_THAT(ids(report), IsEmpty());
  EXPECT_EQ(fact(report, "dane"), "not published");
  EXPECT_EQ(fact(report, "mta_sts"), "not published");
  EXPECT_THAT(rung(report).remarks, IsEmpty());
  EXPECT_EQ(report.exit_code(), 0);
}

TEST_F(DemandsTest, says_which_tlsa_record_would_fit_and_takes_that) {
  sign();
  publish(stale);
  Report report = walk();
  ASSERT_THAT(ids(report), ElementsAre("M3041"));
  EXPECT_EQ(report.exit_code(), 13);
  Finding found = rung(report).findings.front();
  EXPECT_THAT(found.observed, HasSubstr("3 1 1 aaaaaaaaaaaaaaaa..."));
  EXPECT_EQ(found.parameters.at("record").size(), 70u);
  publish(found.parameters.at("record"));
  Report again = walk();
  EXPECT_THAT(ids(again), IsEmpty());
  EXPECT_EQ(fact(again, "dane"), "fits: " + found.parameters.at("record"));
  EXPECT_THAT(rung(again).remarks, ElementsAre(HasSubstr("DANE: the TLSA record 3 1 1")));
}

TEST_F(DemandsTest, who_only_sends_is_warned_and_the_walk_goes_on) {
  sign();
  publish(stale);
  Report report = walk("bob@example.com");
  ASSERT_FALSE(rung(report).findings.empty());
  const Finding& found = rung(report).findings.front();
  EXPECT_EQ(found.id, "M3041");
  EXPECT_EQ(found.severity, Severity::warning);
  ASSERT_FALSE(found.notes.empty());
  EXPECT_THAT(found.notes.back(), HasSubstr("postmaster of example.com"));
  EXPECT_EQ(rung(report).status, RungStatus::warn);
  EXPECT_NE(report.rungs.at(4).status, RungStatus::skipped);
  EXPECT_EQ(report.exit_code(), 0);
}

TEST_F(DemandsTest, records_that_nobody_signed_are_told_apart_from_a_resolver_that_checks_nothing) {
  sign(Trust::secure, Trust::insecure);
  publish(stale, Trust::insecure);
  Report unsigned_zone = walk();
  EXPECT_THAT(ids(unsigned_zone), ElementsAre("M3043"));
  EXPECT_EQ(unsigned_zone.exit_code(), 0);
  signed_.reset();
  sign(Trust::insecure, Trust::insecure);
  publish(stale, Trust::insecure);
  Report unknown = walk();
  EXPECT_THAT(ids(unknown), ElementsAre("M3044"));
  EXPECT_EQ(rung(unknown).status, RungStatus::pass);
  signed_->add("", type::soa, std::string(22, '\0'));
  EXPECT_THAT(ids(walk()), ElementsAre("M3043"));
}

TEST_F(DemandsTest, a_lookup_that_fails_counts_only_where_the_host_is_signed) {
  sign();
  publish(stale, Trust::bogus);
  Report bogus = walk();
  EXPECT_THAT(ids(bogus), ElementsAre("M3042"));
  EXPECT_THAT(rung(bogus).findings.front().parameters.at("seen"), HasSubstr("checking disabled"));
  signed_.reset();
  sign();
  signed_->fail(tlsa, type::tlsa);
  EXPECT_THAT(ids(walk()), ElementsAre("M3042"));
  signed_.reset();
  sign(Trust::secure, Trust::insecure);
  signed_->fail(tlsa, type::tlsa);
  Report harmless = walk();
  EXPECT_THAT(ids(harmless), IsEmpty());
  EXPECT_THAT(fact(harmless, "dane"), HasSubstr("not signed"));
  signed_.reset();
  EXPECT_THAT(ids(walk()), IsEmpty());
}

TEST_F(DemandsTest, unusable_records_and_an_unsigned_mx_are_warnings) {
  sign(Trust::insecure);
  publish("1 1 1 " + std::string(64, 'a'));
  Report unusable = walk();
  EXPECT_THAT(ids(unusable), ElementsAre("M3046"));
  EXPECT_THAT(rung(unusable).findings.front().parameters.at("seen"), HasSubstr("usage 1"));
  EXPECT_EQ(unusable.exit_code(), 0);
  publish(rung(unusable).findings.front().parameters.at("record"));
  EXPECT_THAT(ids(walk()), ElementsAre("M3045"));
}

TEST_F(DemandsTest, an_alias_has_its_records_where_it_leads) {
  signed_.emplace(street_.name_host);
  signed_->add(domain, type::mx, std::string("\0\12", 2) + NameServer::wire_name(Street::host));
  signed_->add(Street::host, type::cname, NameServer::wire_name("real.example.net"));
  signed_->add("real.example.net", type::a, std::string(street_.v4.octets()));
  signed_->add("_25._tcp.real.example.net", type::tlsa, rdata_of(stale));
  Report report = walk();
  ASSERT_THAT(ids(report), ElementsAre("M3041"));
  EXPECT_EQ(rung(report).findings.front().parameters.at("name"), "_25._tcp.real.example.net");
}

TEST_F(DemandsTest, a_policy_that_fits_is_a_remark) {
  announce();
  serve_policy(http(enforced));
  Report report = walk();
  EXPECT_THAT(ids(report), IsEmpty());
  EXPECT_EQ(fact(report, "mta_sts"), "mode enforce, max_age 604800 s, mx smtp.example.com");
  EXPECT_THAT(rung(report).remarks, ElementsAre(HasSubstr("mode enforce")));
  EXPECT_THAT(asked_, HasSubstr("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
  EXPECT_THAT(asked_, HasSubstr("Host: mta-sts.example.com\r\n"));
}

struct Broken {
  const char* id;
  std::string answer;
  const char* seen;
};

TEST_F(DemandsTest, a_policy_that_senders_pass_over_is_a_warning) {
  const std::string moved =
      "HTTP/1.1 301 Moved Permanently\r\nLocation: https://www.example.com/"
      "\r\nContent-Length: 0\r\n\r\n";
  const Broken rows[] = {
      {"M3053", http("", "404 Not Found"), "HTTP 404"},
      {"M3055", moved, "HTTP 301 to https://www.example.com/"},
      {"M3056", http(enforced, "200 OK", "text/html"), "text/plain"},
      {"M3056", http("version: STSv1\nmode: on\n"), "line 2"},
      {"M3056", http(std::string(70000, 'x')), "too long"},
      {"M3053", "220 smtp.example.com ESMTP\r\n\r\n", "no HTTP"},
  };
  announce();
  serve_policy("");
  for (const Broken& row : rows) {
    answer_ = row.answer;
    Report report = walk();
    ASSERT_THAT(ids(report), ElementsAre(row.id)) << row.answer.substr(0, 100);
    const Finding& found = rung(report).findings.front();
    EXPECT_THAT(found.parameters.at("seen"), HasSubstr(row.seen));
    EXPECT_EQ(found.severity, Severity::warning);
    EXPECT_EQ(report.exit_code(), 0);
  }
}

TEST_F(DemandsTest, a_policy_over_a_certificate_of_another_name_counts_for_nothing) {
  announce();
  serve_policy(http(enforced), "www.example.com");
  EXPECT_THAT(ids(walk()), ElementsAre("M3054"));
}

TEST_F(DemandsTest, a_policy_host_without_address_is_missing_and_one_out_of_reach_unknown) {
  announce();
  EXPECT_THAT(ids(walk()), ElementsAre("M3053"));
  street_.names.set_failure(policy_host, Error(ErrorCode::timed_out, "no answer in time"));
  Report unknown = walk();
  EXPECT_THAT(ids(unknown), ElementsAre("M3059"));
  EXPECT_EQ(rung(unknown).status, RungStatus::pass);
}

TEST_F(DemandsTest, records_that_do_not_count_are_warnings) {
  announce();
  announce("v=STSv1; id=2;");
  EXPECT_THAT(ids(walk()), ElementsAre("M3051"));
}

TEST_F(DemandsTest, a_record_with_a_mistake_is_quoted) {
  announce("v=STSv1; id=2026-11-22");
  Report report = walk();
  ASSERT_THAT(ids(report), ElementsAre("M3052"));
  EXPECT_THAT(rung(report).findings.front().parameters.at("seen"), HasSubstr("2026-11-22"));
}

TEST_F(DemandsTest, a_mail_host_that_the_policy_does_not_name_stops_mail_only_under_enforce) {
  announce();
  serve_policy(http("version: STSv1\nmode: enforce\nmx: old.example.com\nmax_age: 1\n"));
  Report report = walk();
  ASSERT_THAT(ids(report), ElementsAre("M3057"));
  EXPECT_EQ(report.exit_code(), 13);
  EXPECT_EQ(rung(report).findings.front().parameters.at("seen"), "smtp.example.com");
  EXPECT_EQ(walk("bob@example.com").exit_code(), 0);
}

TEST_F(DemandsTest, in_mode_testing_it_is_a_warning) {
  announce();
  serve_policy(http("version: STSv1\nmode: testing\nmx: old.example.com\nmax_age: 1\n"));
  Report report = walk();
  EXPECT_THAT(ids(report), ElementsAre("M3057"));
  EXPECT_EQ(report.exit_code(), 0);
}

TEST_F(DemandsTest, the_certificate_of_the_mail_host_has_to_hold_under_a_policy) {
  street_.show(*tls::make_self_signed({"other.example.com"}, days(90), street_.world()));
  announce();
  serve_policy(http(enforced));
  Report report = walk();
  EXPECT_THAT(ids(report), testing::Contains("M3058"));
  EXPECT_EQ(report.exit_code(), 13);
}

TEST_F(DemandsTest, nothing_is_fetched_where_that_port_may_not_be_visited) {
  announce();
  serve_policy(http(enforced));
  street_.may_visit = [](uint16_t port) { return port != 443; };
  Report report = walk();
  EXPECT_THAT(ids(report), IsEmpty());
  EXPECT_THAT(fact(report, "mta_sts"), HasSubstr("not fetched"));
  EXPECT_EQ(asked_, "");
}

}  // namespace
}  // namespace waypost::doctor
