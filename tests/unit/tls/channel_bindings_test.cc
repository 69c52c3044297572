#include "tls/channel_bindings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/memory_disk.h"
#include "tests/fakes/memory_stream.h"
#include "tests/fakes/test_loop.h"
#include "tls/self_signed.h"
#include "tls/tls_stream.h"

namespace waypost::tls {
namespace {

using Type = ChannelBinding::Type;
using OwnedSession = Owned<SSL_SESSION, SSL_SESSION_free>;

class ChannelBindingsTest : public testing::Test {
 protected:
  ChannelBindingsTest() {
    auto pair = *make_self_signed({"mx.example.net"}, std::chrono::days(30), loop_.clock());
    server_ = *ServerContext::from_pem(pair.certificate_pem, pair.key_pem);
    disk_.files["ca.pem"] = pair.certificate_pem;
    client_ = *ClientContext::create({Verification::required, "ca.pem"}, disk_, loop_.clock());
  }

  // Both ends of one connection, joined by memory.
  struct Pair {
    OwnedSsl server;
    OwnedSsl client;
  };

  Pair shake(int version, SSL_SESSION* earlier = nullptr, bool extended = true) {
    Pair pair{OwnedSsl(SSL_new(server_->parts().context.get())),
              OwnedSsl(SSL_new(client_->parts().context.get()))};
    SSL_set_max_proto_version(pair.client.get(), version);
    SSL_set_verify(pair.client.get(), SSL_VERIFY_NONE, nullptr);
    if (!extended) SSL_set_options(pair.client.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
    BIO* near = nullptr;
    BIO* far = nullptr;
    EXPECT_EQ(BIO_new_bio_pair(&near, 0, &far, 0), 1);
    SSL_set_bio(pair.server.get(), near, near);
    SSL_set_bio(pair.client.get(), far, far);
    SSL_set_accept_state(pair.server.get());
    SSL_set_connect_state(pair.client.get());
    if (earlier) SSL_set_session(pair.client.get(), earlier);
    int done = 0;
    for (int i = 0; i < 10 && done < 2; ++i)
      done = SSL_do_handshake(pair.client.get()) + SSL_do_handshake(pair.server.get());
    EXPECT_EQ(done, 2);
    // Takes the tickets of TLS 1.3, which come behind the handshake.
    char octet = 0;
    SSL_read(pair.client.get(), &octet, 1);
    return pair;
  }

  static std::vector<Type> types(SSL* ssl) {
    std::vector<Type> all;
    for (const ChannelBinding& binding : channel_bindings_of(ssl)) all.push_back(binding.type);
    return all;
  }

  static void expect_same(const Pair& pair) {
    const auto server = channel_bindings_of(pair.server.get());
    const auto client = channel_bindings_of(pair.client.get());
    ASSERT_EQ(server.size(), client.size());
    for (size_t i = 0; i < server.size(); ++i) {
      EXPECT_EQ(server[i].type, client[i].type);
      EXPECT_EQ(server[i].octets, client[i].octets) << name_of(server[i].type);
    }
  }

  fakes::TestLoop loop_;
  fakes::MemoryDisk disk_;
  std::unique_ptr<ServerContext> server_;
  std::unique_ptr<ClientContext> client_;
};

TEST_F(ChannelBindingsTest, both_ends_have_the_same) {
  for (int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    SCOPED_TRACE(version);
    const Pair pair = shake(version);
    EXPECT_THAT(
        types(pair.client.get()),
        testing::ElementsAre(version == TLS1_3_VERSION ? Type::tls_exporter : Type::tls_unique,
                             Type::tls_server_end_point));
    expect_same(pair);
  }
}

TEST_F(ChannelBindingsTest, no_two_connections_have_the_same_but_for_the_certificate) {
  for (int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    const auto one = channel_bindings_of(shake(version).client.get());
    const auto other = channel_bindings_of(shake(version).client.get());
    EXPECT_NE(one[0].octets, other[0].octets);
    EXPECT_EQ(one[1].octets, other[1].octets);
  }
}

TEST_F(ChannelBindingsTest, hold_for_a_session_that_is_taken_up_again) {
  for (int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    SCOPED_TRACE(version);
    const Pair first = shake(version);
    const OwnedSession session(SSL_get1_session(first.client.get()));
    const Pair again = shake(version, session.get());
    ASSERT_EQ(SSL_session_reused(again.server.get()), 1);
    expect_same(again);
    EXPECT_NE(channel_bindings_of(first.client.get())[0].octets,
              channel_bindings_of(again.client.get())[0].octets);
  }
}

// RFC 7627 §1: without it, two connections can be made to share what tls-unique stands on.
TEST_F(ChannelBindingsTest, trust_tls_1_2_only_with_an_extended_master_secret) {
  const Pair pair = shake(TLS1_2_VERSION, nullptr, false);
  EXPECT_THAT(types(pair.client.get()), testing::ElementsAre(Type::tls_server_end_point));
  EXPECT_THAT(types(pair.server.get()), testing::ElementsAre(Type::tls_server_end_point));
}

TEST_F(ChannelBindingsTest, come_from_the_streams_as_well) {
  auto [near, far] = fakes::MemoryStream::make_pair(loop_, 4096);
  const Instant deadline = loop_.in(std::chrono::seconds(20));
  auto [server, client] =
      loop_.run_both(accept(std::move(near), *server_, deadline),
                     connect(std::move(far), *client_, "mx.example.net", deadline));
  ASSERT_TRUE(server && client);
  const auto ours = (*server)->channel_bindings();
  const auto theirs = (*client)->channel_bindings();
  ASSERT_EQ(ours.size(), 2u);
  ASSERT_EQ(theirs.size(), 2u);
  EXPECT_EQ(ours[0].octets, theirs[0].octets);
  EXPECT_EQ(ours[0].octets.size(), 32u);
}

}  // namespace
}  // namespace waypost::tls
