#include "tls/tls_stream.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "tests/fakes/memory_disk.h"
#include "tests/fakes/memory_stream.h"
#include "tests/fakes/test_loop.h"
#include "tls/self_signed.h"

namespace waypost::tls {
namespace {

using fakes::MemoryStream;
using std::chrono::seconds;
using testing::HasSubstr;
using Accepted = Result<std::unique_ptr<TlsStream>>;

// A clock that stands still, for certificates of other days.
class FixedClock final : public io::Clock {
 public:
  explicit FixedClock(WallTime wall) : wall_(wall) {}
  Instant now() const override { return {}; }
  WallTime wall_now() const override { return wall_; }

 private:
  WallTime wall_;
};

class TlsStreamTest : public testing::Test {
 protected:
  TlsStreamTest() : pair_(make_pair_for("mx.example.net", loop_.clock())) {
    server_ = *ServerContext::from_pem(pair_.certificate_pem, pair_.key_pem);
    disk_.files["ca.pem"] = pair_.certificate_pem;
  }

  static KeyPair make_pair_for(const std::string& name, io::Clock& clock) {
    return *make_self_signed({name, "192.0.2.2"}, std::chrono::days(30), clock);
  }
  std::unique_ptr<ClientContext> client(Verification verification, std::string ca_file = "ca.pem") {
    return *ClientContext::create({verification, std::move(ca_file)}, disk_, loop_.clock());
  }
  // Both ends of a handshake.
  std::pair<Accepted, Accepted> shake(ClientContext& context, std::string name,
                                      size_t piece_octets_max = 4096) {
    auto [near, far] = MemoryStream::make_pair(loop_, piece_octets_max);
    Instant deadline = loop_.in(seconds(20));
    return loop_.run_both(accept(std::move(near), *server_, deadline),
                          connect(std::move(far), context, std::move(name), deadline));
  }

  fakes::TestLoop loop_;
  fakes::MemoryDisk disk_;
  KeyPair pair_;
  std::unique_ptr<ServerContext> server_;
};

io::Task<Result<std::string>> read_octets(io::Stream& stream, size_t octets, Instant deadline) {
  std::string all;
  std::string buffer(10000, '\0');
  while (all.size() < octets) {
    CO_TRY(size_t got, co_await stream.read(buffer, deadline));
    if (got == 0) break;
    all.append(buffer, 0, got);
  }
  co_return all;
}

std::string sample(size_t octets) {
  io::SeededRng rng(7);
  std::string text(octets, '\0');
  rng.fill({reinterpret_cast<uint8_t*>(text.data()), text.size()});
  return text;
}

TEST_F(TlsStreamTest, carries_a_mebibyte_each_way_however_the_octets_arrive) {
  auto context = client(Verification::required);
  std::string text = sample(1 << 20);
  for (size_t piece_octets_max : {1 << 20, 5000, 100}) {
    auto [server, mine] = shake(*context, "mx.example.net", piece_octets_max);
    ASSERT_TRUE(server) << server.error().describe();
    ASSERT_TRUE(mine) << mine.error().describe();
    Instant deadline = loop_.in(seconds(20));
    auto [sent, got] = loop_.run_both((*mine)->write(text, deadline),
                                      read_octets(**server, text.size(), deadline));
    ASSERT_TRUE(sent && got);
    EXPECT_TRUE(*got == text) << piece_octets_max;
    auto [sent_back, got_back] = loop_.run_both((*server)->write(text, deadline),
                                                read_octets(**mine, text.size(), deadline));
    ASSERT_TRUE(sent_back && got_back);
    EXPECT_TRUE(*got_back == text) << piece_octets_max;
  }
}

TEST_F(TlsStreamTest, shakes_hands_octet_by_octet) {
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "mx.example.net", 1);
  ASSERT_TRUE(server && mine);
  auto [sent, got] = loop_.run_both((*server)->write("220 hello\r\n", loop_.in(seconds(5))),
                                    read_octets(**mine, 11, loop_.in(seconds(5))));
  EXPECT_TRUE(sent);
  EXPECT_EQ(*got, "220 hello\r\n");
}

TEST_F(TlsStreamTest, tells_what_was_agreed) {
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "mx.example.net.");
  ASSERT_TRUE(server && mine);
  const TlsFacts& facts = (*mine)->facts();
  EXPECT_EQ(facts.version, "TLSv1.3");
  EXPECT_THAT(facts.cipher, HasSubstr("TLS_"));
  EXPECT_TRUE(facts.verified);
  EXPECT_EQ(facts.certificate_problem, "");
  EXPECT_EQ(facts.peer_subject, "CN=mx.example.net");
  EXPECT_FALSE((*server)->facts().verified);
  EXPECT_EQ((*server)->facts().peer_subject, "");
  EXPECT_EQ((*server)->peer().text(), "192.0.2.2:50000");
}

TEST_F(TlsStreamTest, verifies_an_address) {
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "192.0.2.2");
  ASSERT_TRUE(mine) << mine.error().describe();
  EXPECT_TRUE((*mine)->facts().verified);
  auto [server_again, other] = shake(*context, "192.0.2.3");
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(), HasSubstr("not for the address we called"));
}

TEST_F(TlsStreamTest, refuses_a_wrong_name) {
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "mail.example.org");
  ASSERT_FALSE(mine);
  EXPECT_EQ(mine.error().code(), ErrorCode::tls);
  EXPECT_EQ(mine.error().message(),
            "the peer could not prove who it is: its certificate is for mx.example.net, not for "
            "mail.example.org");
}

TEST_F(TlsStreamTest, refuses_an_empty_name_where_verification_is_required) {
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "");
  ASSERT_FALSE(mine);
  EXPECT_EQ(mine.error().code(), ErrorCode::tls);
  EXPECT_FALSE(server);
}

TEST_F(TlsStreamTest, refuses_a_self_signed_certificate_and_the_server_learns_why) {
  disk_.files["other.pem"] = make_pair_for("mx.example.net", loop_.clock()).certificate_pem;
  auto context = client(Verification::required, "other.pem");
  auto [server, mine] = shake(*context, "mx.example.net");
  ASSERT_FALSE(mine);
  EXPECT_THAT(mine.error().message(), HasSubstr("its certificate"));
  ASSERT_FALSE(server);
  EXPECT_EQ(server.error().code(), ErrorCode::tls);
  EXPECT_THAT(server.error().message(), HasSubstr("the peer "));
  EXPECT_THAT(server.error().message(), HasSubstr("our certificate"));
}

TEST_F(TlsStreamTest, names_a_self_signed_certificate_as_such) {
  disk_.files["other.pem"] = make_pair_for("other.example", loop_.clock()).certificate_pem;
  auto context = client(Verification::required, "other.pem");
  auto [server, mine] = shake(*context, "mx.example.net");
  ASSERT_FALSE(mine);
  EXPECT_THAT(mine.error().message(), HasSubstr("self-signed"));
}

TEST_F(TlsStreamTest, refuses_an_expired_certificate_and_names_the_day) {
  auto then = std::chrono::sys_days(std::chrono::year(2020) / 3 / 1);
  FixedClock past{WallTime(then)};
  pair_ = make_pair_for("mx.example.net", past);
  server_ = *ServerContext::from_pem(pair_.certificate_pem, pair_.key_pem);
  disk_.files["ca.pem"] = pair_.certificate_pem;
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "mx.example.net");
  ASSERT_FALSE(mine);
  EXPECT_THAT(mine.error().message(), HasSubstr("expired on 2020-03-31"));

  auto context_of_that_day =
      *ClientContext::create({Verification::required, "ca.pem"}, disk_, past);
  auto [server_then, mine_then] = shake(*context_of_that_day, "mx.example.net");
  EXPECT_TRUE(mine_then);
}

TEST_F(TlsStreamTest, goes_on_without_proof_when_opportunistic_but_says_so) {
  disk_.files["other.pem"] = make_pair_for("other.example", loop_.clock()).certificate_pem;
  auto context = client(Verification::opportunistic, "other.pem");
  auto [server, mine] = shake(*context, "mx.example.net");
  ASSERT_TRUE(mine) << mine.error().describe();
  EXPECT_FALSE((*mine)->facts().verified);
  EXPECT_THAT((*mine)->facts().certificate_problem, HasSubstr("self-signed"));
}

TEST_F(TlsStreamTest, tells_a_clean_end_from_a_cut) {
  auto context = client(Verification::required);
  for (bool clean : {true, false}) {
    auto [server, mine] = shake(*context, "mx.example.net");
    ASSERT_TRUE(server && mine);
    ASSERT_TRUE(loop_.run((*mine)->write("half a mess", loop_.in(seconds(5)))));
    if (clean) {
      ASSERT_TRUE(loop_.run((*mine)->end_writing(loop_.in(seconds(5)))));
    }
    (*mine)->close();
    std::string buffer(100, '\0');
    ASSERT_EQ(*loop_.run((*server)->read(buffer, loop_.in(seconds(5)))), 11u);
    auto end = loop_.run((*server)->read(buffer, loop_.in(seconds(5))));
    if (clean) {
      EXPECT_EQ(end.value(), 0u);
    } else {
      ASSERT_FALSE(end);
      EXPECT_EQ(end.error().code(), ErrorCode::peer_gone);
    }
  }
}

TEST_F(TlsStreamTest, a_damaged_record_fails_the_session_for_good) {
  auto context = client(Verification::required);
  auto [near, far] = MemoryStream::make_pair(loop_, 4096);
  MemoryStream* wire = far.get();
  Instant deadline = loop_.in(seconds(5));
  auto [server, mine] =
      loop_.run_both(accept(std::move(near), *server_, deadline),
                     connect(std::move(far), *context, "mx.example.net", deadline));
  ASSERT_TRUE(server && mine);
  ASSERT_TRUE(loop_.run(
      wire->write(std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x'), deadline)));
  auto got = loop_.run(read_octets(**server, 1, deadline));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), ErrorCode::tls);
  EXPECT_FALSE(loop_.run(read_octets(**server, 1, deadline)));
  EXPECT_FALSE(loop_.run((*server)->write("x", deadline)));
}

// What a peer without TLS does: it says its line.
io::Task<Result<void>> say(std::unique_ptr<io::Stream> stream, std::string line, Instant deadline) {
  CO_TRY_VOID(co_await stream->write(line, deadline));
  auto answer = co_await read_octets(*stream, 1 << 20, deadline);
  co_return Result<void>();
}

TEST_F(TlsStreamTest, quotes_a_server_that_speaks_no_tls) {
  auto context = client(Verification::opportunistic);
  auto [near, far] = MemoryStream::make_pair(loop_, 4096);
  auto [said, mine] = loop_.run_both(
      say(std::move(near), "220 mx.example.net ESMTP\x1b[2J\r\n", loop_.in(seconds(5))),
      connect(std::move(far), *context, "mx.example.net", loop_.in(seconds(5))));
  ASSERT_FALSE(mine);
  EXPECT_EQ(mine.error().code(), ErrorCode::tls);
  EXPECT_EQ(mine.error().message(),
            "the peer spoke no TLS here: it answered \"220 mx.example.net ESMTP\\x1b[2J\"");
}

TEST_F(TlsStreamTest, tells_the_alert_that_ended_the_handshake) {
  auto context = client(Verification::opportunistic);
  for (int number : {40, 80, 112, 116}) {
    auto [near, far] = MemoryStream::make_pair(loop_, 4096);
    auto signs = std::make_shared<PeerSigns>();
    std::string alert("\x15\x03\x03\x00\x02\x02", 6);
    alert += static_cast<char>(number);
    auto [said, mine] = loop_.run_both(
        say(std::move(near), alert, loop_.in(seconds(5))),
        connect(std::move(far), *context, "mx.example.net", loop_.in(seconds(5)), signs));
    ASSERT_FALSE(mine);
    EXPECT_EQ(signs->alert, number);
    EXPECT_FALSE(signs->asks_certificate);
  }
}

TEST_F(TlsStreamTest, takes_no_fault_of_our_own_for_an_alert) {
  auto context = client(Verification::required);
  auto signs = std::make_shared<PeerSigns>();
  auto [near, far] = MemoryStream::make_pair(loop_, 4096);
  Instant deadline = loop_.in(seconds(5));
  auto [server, mine] =
      loop_.run_both(accept(std::move(near), *server_, deadline),
                     connect(std::move(far), *context, "mail.example.org", deadline, signs));
  ASSERT_FALSE(mine);
  EXPECT_EQ(signs->alert, std::nullopt);
}

TEST_F(TlsStreamTest, quotes_a_client_that_speaks_no_tls) {
  auto [near, far] = MemoryStream::make_pair(loop_, 1);
  auto [said, theirs] = loop_.run_both(say(std::move(far), "EHLO there\r\n", loop_.in(seconds(5))),
                                       accept(std::move(near), *server_, loop_.in(seconds(5))));
  ASSERT_FALSE(theirs);
  EXPECT_THAT(theirs.error().message(), HasSubstr("spoke no TLS here: it sent \"EHLO"));
}

TEST_F(TlsStreamTest, gives_up_a_silent_handshake_at_the_deadline) {
  auto [near, far] = MemoryStream::make_pair(loop_, 4096);
  auto silent =
      loop_.run(accept(std::move(near), *server_, loop_.in(std::chrono::milliseconds(30))));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code(), ErrorCode::timed_out);
}

TEST_F(TlsStreamTest, says_when_the_peer_hangs_up_in_the_handshake) {
  auto context = client(Verification::opportunistic);
  auto [near, far] = MemoryStream::make_pair(loop_, 4096);
  near->close();
  auto mine = loop_.run(connect(std::move(far), *context, "mx.example.net", loop_.in(seconds(5))));
  ASSERT_FALSE(mine);
}

TEST_F(TlsStreamTest, stop_reading_ends_reads_and_lets_a_last_reply_out) {
  auto context = client(Verification::required);
  auto [server, mine] = shake(*context, "mx.example.net");
  ASSERT_TRUE(server && mine);
  io::Timer timer(loop_.timers());
  timer.start(loop_.in(std::chrono::milliseconds(10)), [&] { (*server)->stop_reading(); });
  auto got = loop_.run(read_octets(**server, 1, loop_.in(seconds(5))));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(loop_.run((*server)->write("421 bye\r\n", loop_.in(seconds(5)))));
  EXPECT_EQ(*loop_.run(read_octets(**mine, 9, loop_.in(seconds(5)))), "421 bye\r\n");
}

TEST_F(TlsStreamTest, gathers_small_records_into_few_writes) {
  auto context = client(Verification::required);
  auto [near, far] = MemoryStream::make_pair(loop_, 1 << 20);
  MemoryStream* wire = far.get();
  Instant deadline = loop_.in(seconds(5));
  auto [server, mine] =
      loop_.run_both(accept(std::move(near), *server_, deadline),
                     connect(std::move(far), *context, "mx.example.net", deadline));
  ASSERT_TRUE(server && mine);
  size_t before = wire->writes();
  ASSERT_TRUE(loop_.run((*mine)->write(sample(128 << 10), deadline)));
  EXPECT_EQ(wire->writes() - before, 4u);
}

// A client straight on OpenSSL, for what a TlsStream itself never does.
class RawClient {
 public:
  RawClient(std::unique_ptr<io::Stream> stream, int version)
      : stream_(std::move(stream)), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_security_level(context_, 0);
    ssl_ = SSL_new(context_);
    SSL_set_min_proto_version(ssl_, version);
    SSL_set_max_proto_version(ssl_, version);
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
  }
  ~RawClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  SSL* ssl() { return ssl_; }

  // Sends what OpenSSL has, then takes what comes.
  io::Task<Result<void>> exchange(Instant deadline) {
    CO_TRY_VOID(co_await send(deadline));
    std::string buffer(4096, '\0');
    CO_TRY(size_t got, co_await stream_->read(buffer, deadline));
    if (got == 0) co_return failure(ErrorCode::peer_gone, "ended");
    BIO_write(SSL_get_rbio(ssl_), buffer.data(), static_cast<int>(got));
    co_return Result<void>();
  }
  io::Task<Result<void>> send(Instant deadline) {
    char* octets = nullptr;
    long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &octets);
    std::string out(octets, static_cast<size_t>(size));
    BIO_reset(SSL_get_wbio(ssl_));
    if (out.empty()) co_return Result<void>();
    co_return co_await stream_->write(out, deadline);
  }
  io::Task<Result<void>> handshake(Instant deadline) {
    while (SSL_do_handshake(ssl_) != 1) CO_TRY_VOID(co_await exchange(deadline));
    co_return co_await send(deadline);
  }
  // Asks for new keys, says a line, and returns the line that comes back.
  io::Task<Result<std::string>> update_keys_and_ask(std::string line, Instant deadline) {
    SSL_key_update(ssl_, SSL_KEY_UPDATE_REQUESTED);
    SSL_write(ssl_, line.data(), static_cast<int>(line.size()));
    std::string answer(100, '\0');
    int got = 0;
    while ((got = SSL_read(ssl_, answer.data(), 100)) <= 0)
      CO_TRY_VOID(co_await exchange(deadline));
    co_return answer.substr(0, static_cast<size_t>(got));
  }

 private:
  std::unique_ptr<io::Stream> stream_;
  SSL_CTX* context_;
  SSL* ssl_;
};

io::Task<Result<void>> echo(io::Stream& stream, size_t octets, Instant deadline) {
  CO_TRY(std::string text, co_await read_octets(stream, octets, deadline));
  co_return co_await stream.write(text, deadline);
}

TEST_F(TlsStreamTest, answers_a_request_for_new_keys) {
  auto [near, far] = MemoryStream::make_pair(loop_, 50);
  RawClient raw(std::move(far), TLS1_3_VERSION);
  Instant deadline = loop_.in(seconds(5));
  auto [server, shaken] =
      loop_.run_both(accept(std::move(near), *server_, deadline), raw.handshake(deadline));
  ASSERT_TRUE(server && shaken);
  for (int i = 0; i < 3; ++i) {
    auto [echoed, answer] =
        loop_.run_both(echo(**server, 6, deadline), raw.update_keys_and_ask("NOOP\r\n", deadline));
    ASSERT_TRUE(echoed && answer);
    EXPECT_EQ(*answer, "NOOP\r\n");
  }
}

TEST_F(TlsStreamTest, accepts_tls_1_2_and_nothing_older) {
  for (int version : {TLS1_2_VERSION, TLS1_1_VERSION}) {
    auto [near, far] = MemoryStream::make_pair(loop_, 50);
    RawClient raw(std::move(far), version);
    Instant deadline = loop_.in(seconds(5));
    auto [server, shaken] =
        loop_.run_both(accept(std::move(near), *server_, deadline), raw.handshake(deadline));
    EXPECT_EQ(server.has_value(), version == TLS1_2_VERSION);
    if (server) {
      EXPECT_EQ((*server)->facts().version, "TLSv1.2");
    } else {
      EXPECT_THAT(server.error().message(), HasSubstr("no TLS version that we accept"));
    }
  }
}

}  // namespace
}  // namespace waypost::tls
