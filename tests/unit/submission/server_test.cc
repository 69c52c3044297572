#include "submission/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/submission/server_fixture.h"

namespace waypost::submission {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

TEST_F(ServerTest, serves_several_clients_at_a_time) {
  Server& server = start();
  auto a = connect("192.0.2.1");
  auto b = connect("192.0.2.2");
  EXPECT_THAT(receive(*a), StartsWith("220 "));
  EXPECT_THAT(receive(*b), StartsWith("220 "));
  EXPECT_EQ(server.sessions(), 2u);
  EXPECT_THAT(ask(*a, "QUIT\r\n"), HasSubstr("221 2.0.0 "));
  EXPECT_EQ(server.sessions(), 1u);
}

TEST_F(ServerTest, gives_one_address_only_its_share) {
  settings_.connections_per_address_max = 2;
  start();
  auto a = connect("192.0.2.1");
  auto b = connect("192.0.2.1");
  auto c = connect("192.0.2.1");
  auto other = connect("192.0.2.2");
  EXPECT_THAT(receive(*c), StartsWith("421 4.7.0 "));
  EXPECT_THAT(receive(*other), StartsWith("220 "));
  ask(*a, "QUIT\r\n");
  auto d = connect("192.0.2.1");
  EXPECT_THAT(receive(*d), StartsWith("220 "));
}

TEST_F(ServerTest, counts_connections_to_all_listeners_together) {
  settings_.connections_per_address_max = 1;
  start();
  const Clients::Place elsewhere(clients_, network_of(*IpAddress::parse("192.0.2.1")));
  auto a = connect("192.0.2.1");
  EXPECT_THAT(receive(*a), StartsWith("421 4.7.0 "));
}

TEST_F(ServerTest, tells_of_refused_connections_without_flooding_the_log) {
  settings_.connections_per_address_max = 0;
  start();
  for (int i = 0; i < 10; ++i) connect("192.0.2.1");
  connect("192.0.2.2");
  ASSERT_EQ(sink_.events.size(), 2u);
  EXPECT_EQ(sink_.events[0].kind, events::EventKind::rejected);
  EXPECT_THAT(sink_.events[0].reply, StartsWith("421 4.7.0 "));
  EXPECT_EQ(sink_.events[0].client, "192.0.2.1:50000");
}

TEST_F(ServerTest, counts_an_ipv6_network_as_one_address) {
  settings_.connections_per_address_max = 1;
  start();
  auto a = connect("2001:db8::1");
  auto b = connect("2001:db8::ffff:2");
  auto other = connect("2001:db8:0:1::1");
  EXPECT_THAT(receive(*b), StartsWith("421 4.7.0 "));
  EXPECT_THAT(receive(*other), StartsWith("220 "));
}

TEST_F(ServerTest, says_so_when_it_is_full_also_where_tls_is_expected) {
  settings_.connections_max = 1;
  start(TlsMode::implicit);
  server_->set_certificate(fakes::SmtpDialogue::certificate());
  auto a = connect("192.0.2.1");
  auto b = connect("192.0.2.2");
  EXPECT_THAT(receive(*b), StartsWith("421 4.3.2 "));
}

TEST_F(ServerTest, goes_on_when_descriptors_run_out) {
  start();
  listener_->bring(failure(ErrorCode::resource_exhausted, "planted"));
  loop_.settle();
  const int accepts = listener_->accepts;
  loop_.advance(std::chrono::milliseconds(50));
  EXPECT_EQ(listener_->accepts, accepts) << "it must wait, not spin";
  loop_.advance(std::chrono::milliseconds(60));
  auto a = connect("192.0.2.1");
  EXPECT_THAT(receive(*a), StartsWith("220 "));
}

TEST_F(ServerTest, stops_idle_sessions_at_once) {
  Server& server = start();
  auto a = connect("192.0.2.1");
  receive(*a);
  io::TaskGroup stopping;
  stopping.start(server.stop(loop_.now() + seconds(10)));
  loop_.settle();
  EXPECT_EQ(stopping.running(), 0u);
  EXPECT_THAT(receive(*a), StartsWith("421 4.3.2 "));
}

TEST_F(ServerTest, waits_for_a_message_that_is_coming_in_until_the_deadline) {
  Server& server = start();
  auto fast = connect("192.0.2.1");
  auto slow = connect("192.0.2.2");
  for (MemoryStream* client : {fast.get(), slow.get()})
    ask(*client, "EHLO x\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n");
  io::TaskGroup stopping;
  stopping.start(server.stop(loop_.now() + seconds(10)));
  loop_.settle();
  EXPECT_EQ(server.sessions(), 2u);
  EXPECT_THAT(ask(*fast, "Subject: x\r\n\r\nx\r\n.\r\n"), StartsWith("250 2.0.0 "));
  EXPECT_EQ(server.sessions(), 1u);
  loop_.advance(seconds(11));
  EXPECT_EQ(stopping.running(), 0u);
  EXPECT_EQ(receive(*slow), "(closed)");
}

}  // namespace
}  // namespace waypost::submission
