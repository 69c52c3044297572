#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/submission/server_fixture.h"

// What a server makes of connections that a proxy passes on.
namespace waypost::submission {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::StartsWith;

const std::string proxy = "198.51.100.10";

std::string header_for(const std::string& client) {
  return "PROXY TCP4 " + client + " 198.51.100.1 50122 25\r\n";
}

class ProxiedServerTest : public ServerTest {
 protected:
  ProxiedServerTest() { settings_.proxies = {*IpPrefix::parse("198.51.100.0/28")}; }
  std::unique_ptr<MemoryStream> connect_for(const std::string& client) {
    auto connection = connect(proxy);
    static_cast<void>(loop_.run(connection->write(header_for(client), loop_.now())));
    loop_.settle();
    return connection;
  }
};

TEST_F(ProxiedServerTest, says_nothing_before_the_header_and_serves_behind_it) {
  Server& server = start();
  auto client = connect(proxy);
  EXPECT_EQ(receive(*client), "");
  EXPECT_THAT(ask(*client, header_for("203.0.113.9")), StartsWith("220 "));
  EXPECT_EQ(server.sessions(), 1u);
}

TEST_F(ProxiedServerTest, trusts_the_client_and_not_the_proxy) {
  settings_.trusted_networks = {*IpPrefix::parse("203.0.113.0/24")};
  start();
  auto trusted = connect_for("203.0.113.9");
  EXPECT_THAT(ask(*trusted, "EHLO x\r\nMAIL FROM:<a@example.org>\r\n"), HasSubstr("250 2.1.0 "));
  auto stranger = connect_for("192.0.2.7");
  EXPECT_THAT(ask(*stranger, "EHLO x\r\nMAIL FROM:<a@example.org>\r\n"), HasSubstr("530 5.7.0 "));
  EXPECT_EQ(sink_.events.at(0).client, "192.0.2.7:50122");
}

TEST_F(ProxiedServerTest, trusts_nobody_whom_the_proxy_does_not_name) {
  settings_.trusted_networks = {*IpPrefix::parse("198.51.100.0/24")};
  start();
  auto unnamed = connect(proxy);
  EXPECT_THAT(ask(*unnamed, "PROXY UNKNOWN\r\nEHLO x\r\nMAIL FROM:<a@example.org>\r\n"),
              HasSubstr("530 5.7.0 "));
}

TEST_F(ProxiedServerTest, turns_away_whoever_is_no_listed_proxy) {
  start();
  auto direct = connect("192.0.2.7");
  EXPECT_THAT(receive(*direct), StartsWith("554 5.7.1 "));
  auto pretender = connect("192.0.2.7");
  EXPECT_THAT(ask(*pretender, header_for("192.0.2.1")), StartsWith("554 5.7.1 "));
  ASSERT_EQ(sink_.events.size(), 1u) << "one a minute is enough";
  EXPECT_EQ(sink_.events[0].client, "192.0.2.7:50000");
}

TEST_F(ProxiedServerTest, serves_no_connection_without_a_header) {
  Server& server = start();
  auto client = connect(proxy);
  EXPECT_THAT(ask(*client, "EHLO x\r\n"), StartsWith("421 4.3.5 Bad PROXY header: "));
  auto silent = connect(proxy);
  loop_.advance(seconds(6));
  EXPECT_THAT(receive(*silent), StartsWith("421 4.3.5 Bad PROXY header: "));
  EXPECT_EQ(server.sessions(), 0u);
  EXPECT_EQ(clients_.connected(), 0u);
}

TEST_F(ProxiedServerTest, gives_each_client_its_share_and_not_the_proxy) {
  settings_.connections_per_address_max = 1;
  start();
  auto a = connect_for("203.0.113.1");
  auto b = connect_for("203.0.113.2");
  auto again = connect_for("203.0.113.1");
  EXPECT_THAT(receive(*b), StartsWith("220 "));
  EXPECT_THAT(receive(*again), StartsWith("421 4.7.0 Too many connections from your address"));
}

TEST_F(ProxiedServerTest, counts_connections_whose_header_has_not_come) {
  settings_.connections_max = 2;
  start();
  auto a = connect(proxy);
  auto b = connect(proxy);
  auto c = connect(proxy);
  EXPECT_THAT(receive(*c), StartsWith("421 4.3.2 "));
  EXPECT_THAT(ask(*a, header_for("203.0.113.1")), StartsWith("220 "))
      << "the place that it waited at is its own";
}

TEST_F(ProxiedServerTest, begins_tls_behind_the_header_and_loses_no_octet_of_it) {
  settings_.trusted_networks = {*IpPrefix::parse("203.0.113.0/24")};
  server_.emplace(settings_,
                  Services{loop_, intake_, clients_, nullptr, fakes::SmtpDialogue::certificate()});
  auto listener = std::make_unique<ScriptedListener>();
  listener_ = listener.get();
  server_->add_listener(std::move(listener), TlsMode::implicit);
  server_->start();
  loop_.settle();
  std::unique_ptr<io::Stream> client = connect(proxy);
  // With the header in one piece: the handshake's first octets are read before TLS is there.
  class Prefixed final : public io::Stream {
   public:
    explicit Prefixed(std::unique_ptr<io::Stream> stream) : stream_(std::move(stream)) {}
    io::Task<Result<size_t>> read(std::span<char> into, Instant deadline) override {
      return stream_->read(into, deadline);
    }
    io::Task<Result<void>> write(std::string_view octets, Instant deadline) override {
      pending_.append(octets);
      std::string all = std::exchange(pending_, {});
      co_return co_await stream_->write(all, deadline);
    }
    void stop_reading() override { stream_->stop_reading(); }
    void close() override { stream_->close(); }
    Endpoint local() const override { return stream_->local(); }
    Endpoint peer() const override { return stream_->peer(); }

   private:
    std::unique_ptr<io::Stream> stream_;
    std::string pending_ = header_for("203.0.113.9");
  };
  client = std::make_unique<Prefixed>(std::move(client));
  fakes::MemoryDisk disk;
  auto context = *tls::ClientContext::create({}, disk, loop_.clock());
  const Instant deadline = loop_.now() + seconds(1);
  auto secured =
      loop_.run(tls::connect(std::move(client), *context, "relay.example.net", deadline));
  ASSERT_TRUE(secured) << secured.error().describe();
  std::string buffer(100, '\0');
  auto got = loop_.run((*secured)->read(buffer, deadline));
  ASSERT_TRUE(got);
  EXPECT_THAT(buffer, StartsWith("220 "));
}

TEST_F(ProxiedServerTest, stops_without_waiting_for_a_header) {
  Server& server = start();
  auto silent = connect(proxy);
  io::TaskGroup stopping;
  stopping.start(server.stop(loop_.now() + seconds(10)));
  loop_.settle();
  EXPECT_EQ(stopping.running(), 0u);
  EXPECT_EQ(receive(*silent), "(closed)");
}

}  // namespace
}  // namespace waypost::submission
