#include "daemon/site_question.h"

#include <gtest/gtest.h>

namespace waypost::daemon {
namespace {

using doctor::Encryption;
using events::Event;
using events::EventKind;
using events::Phase;

Event failure_at(Phase phase, std::string host = {}, std::string address = {}) {
  Event event;
  event.kind = EventKind::deferred;
  event.phase = phase;
  event.site = "the site";
  event.peer.host = std::move(host);
  event.peer.address = std::move(address);
  event.recipients = {"ann@Example.NET"};
  event.reply = "no answer";
  return event;
}

config::Config with_hop() {
  config::Config config;
  config.hostname = "relay.example";
  config::RouteRule& route = config.routes.emplace_back();
  route.match = {"*"};
  route.next_hop = {"smtp.provider.example", 587};
  route.login = {"shop", "/etc/waypost/secret"};
  route.fallback_ports = {{465, config::HopTlsMode::implicit}};
  return config;
}

TEST(SiteQuestionTest, walks_the_domain_of_the_recipient_where_mail_goes_by_its_mail_hosts) {
  config::Config config;
  config.hostname = "relay.example";
  auto asked = question_about(config, failure_at(Phase::connect, "mx.example.net", "192.0.2.1:25"));
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->site, "the site");
  EXPECT_EQ(asked->request.host, "example.net");
  EXPECT_EQ(asked->request.port, 25);
  EXPECT_TRUE(asked->request.mail_exchanger);
  EXPECT_EQ(asked->request.hello, "relay.example");
  EXPECT_FALSE(asked->request.encryption);
  EXPECT_FALSE(asked->failed_at_tls);
  EXPECT_EQ(asked->request.forbidden_addresses, config.delivery.forbidden_addresses);
  config.delivery.tls = config::DeliveryTls::never;
  EXPECT_EQ(question_about(config, failure_at(Phase::connect))->request.encryption,
            Encryption::none);
}

TEST(SiteQuestionTest, walks_a_domain_beside_the_routes_and_none_that_has_one) {
  config::Config config = with_hop();
  config.routes[0].match = {"other.example", "*.other.example"};
  auto unresolved = question_about(config, failure_at(Phase::resolve));
  ASSERT_TRUE(unresolved);
  EXPECT_EQ(unresolved->request.host, "example.net");
  EXPECT_TRUE(unresolved->request.mail_exchanger);
  // Its route came with a reload, after the attempt at its mail host.
  config.routes[0].match = {"example.net"};
  EXPECT_FALSE(
      question_about(config, failure_at(Phase::connect, "mx.example.net", "192.0.2.1:25")));
}

TEST(SiteQuestionTest, never_logs_in) {
  for (Phase phase : {Phase::resolve, Phase::connect, Phase::tls, Phase::login}) {
    auto asked = question_about(with_hop(), failure_at(phase, "smtp.provider.example"));
    ASSERT_TRUE(asked);
    EXPECT_TRUE(asked->request.user.empty() && asked->request.password.empty());
  }
}

TEST(SiteQuestionTest, goes_to_a_next_hop_by_the_port_that_failed) {
  const std::string host = "smtp.provider.example";
  auto first = question_about(with_hop(), failure_at(Phase::connect, host, "192.0.2.1:587"));
  EXPECT_EQ(first->request.port, 587);
  EXPECT_EQ(first->request.encryption, Encryption::starttls);
  auto second = question_about(with_hop(), failure_at(Phase::connect, host, "[2001:db8::1]:465"));
  EXPECT_EQ(second->request.port, 465);
  EXPECT_EQ(second->request.encryption, Encryption::implicit);
  auto unresolved = question_about(with_hop(), failure_at(Phase::resolve, host));
  EXPECT_EQ(unresolved->request.host, host);
  EXPECT_EQ(unresolved->request.port, 587);
}

TEST(SiteQuestionTest, wants_tls_where_mail_does) {
  config::Config config = with_hop();
  config.routes[0].login = {};
  auto event = failure_at(Phase::connect, "smtp.provider.example", "192.0.2.1:587");
  EXPECT_EQ(question_about(config, event)->request.encryption, Encryption::none);
  event.phase = Phase::tls;
  EXPECT_EQ(question_about(config, event)->request.encryption, Encryption::starttls);
  EXPECT_TRUE(question_about(config, event)->failed_at_tls);
  event.phase = Phase::connect;
  config.routes[0].tls = config::DeliveryTls::required;
  EXPECT_EQ(question_about(config, event)->request.encryption, Encryption::starttls);
}

TEST(SiteQuestionTest, reads_a_refused_login_and_asks_nobody_again) {
  auto event = failure_at(Phase::login, "smtp.provider.example", "192.0.2.1:587");
  EXPECT_TRUE(question_about(with_hop(), event)->refused_login.empty());
  event.reply = "535 5.7.8 Authentication failed";
  EXPECT_EQ(question_about(with_hop(), event)->refused_login, event.reply);
}

TEST(SiteQuestionTest, asks_nothing_where_the_doctor_would_go_another_way) {
  auto event = failure_at(Phase::connect, "smtp.provider.example", "192.0.2.1:587");
  event.peer.source = "out1";
  config::Config config = with_hop();
  config.sources.push_back({"out1", {}, {}, config::ProxyAt{}, {}, {}, {}});
  EXPECT_FALSE(question_about(config, event));
  config.sources[0].proxy.reset();
  EXPECT_TRUE(question_about(config, event));
  // Which of several next hops it was is not told.
  EXPECT_FALSE(question_about(with_hop(), failure_at(Phase::resolve)));
  event.recipients = {"ann@[192.0.2.1]"};
  EXPECT_FALSE(question_about(config::Config(), event));
  event.recipients.clear();
  EXPECT_FALSE(question_about(with_hop(), event));
}

}  // namespace
}  // namespace waypost::daemon
