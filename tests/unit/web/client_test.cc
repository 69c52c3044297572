#include "web/client.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/memory_resolver.h"
#include "io/task_group.h"
#include "tests/fakes/memory_disk.h"
#include "tests/fakes/memory_stream.h"
#include "tests/fakes/test_loop.h"
#include "tls/self_signed.h"
#include "tls/tls_stream.h"

namespace waypost::web {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr size_t piece_octets_max = 7;

// A network whose every host is one server, which takes one request and says `answer`.
class OneServer final : public io::Network {
 public:
  explicit OneServer(io::Loop& loop) : loop_(loop) {}

  io::Task<Result<std::unique_ptr<io::Stream>>> connect(Endpoint to, io::ConnectOptions,
                                                        Instant) override {
    tried.push_back(to.text());
    if (dead.contains(to.address)) co_return failure(ErrorCode::refused, "connection refused");
    auto [near, far] = fakes::MemoryStream::make_pair(loop_, piece_octets_max);
    tasks_.start(serve(std::move(near)));
    co_return std::unique_ptr<io::Stream>(std::move(far));
  }
  Result<std::unique_ptr<io::Listener>> listen(const Endpoint&, io::ListenOptions) override {
    return failure(ErrorCode::unavailable, "not here");
  }
  Result<std::vector<IpAddress>> own_addresses() override { return std::vector<IpAddress>(); }
  Result<std::unique_ptr<io::Listener>> listen_local(const std::string&) override {
    return failure(ErrorCode::unavailable, "not here");
  }
  io::Task<Result<std::unique_ptr<io::Stream>>> connect_local(std::string, Instant) override {
    co_return failure(ErrorCode::unavailable, "not here");
  }

  std::string answer;
  std::string asked;
  bool falls_silent = false;
  bool ends_tls = true;  // with a close_notify
  tls::ServerContext* certificate = nullptr;
  std::set<IpAddress> dead;
  std::vector<std::string> tried;

 private:
  io::Task<void> serve(std::unique_ptr<io::Stream> stream) {
    const Instant deadline = loop_.now() + seconds(20);
    tls::TlsStream* secured = nullptr;
    if (certificate) {
      auto shaken = co_await tls::accept(std::move(stream), *certificate, deadline);
      if (!shaken) co_return;
      secured = shaken->get();
      stream = *std::move(shaken);
    }
    std::string buffer(4096, '\0');
    while (!asked.ends_with("END")) {
      Result<size_t> got = co_await stream->read(buffer, deadline);
      if (!got || *got == 0) co_return;
      asked.append(buffer, 0, *got);
    }
    Result<void> written = co_await stream->write(answer, deadline);
    if (written && secured && ends_tls) written = co_await secured->end_writing(deadline);
    if (falls_silent) co_await io::sleep_until(loop_, deadline);
  }

  io::Loop& loop_;
  io::TaskGroup tasks_;
};

class WebClientTest : public testing::Test {
 protected:
  Result<Response> ask(const std::string& url, Duration patience = seconds(20)) {
    Client client({loop_, network_, resolver_, verifying_tls_.get()}, limits_);
    Request request;
    request.method = "POST";
    request.fields = {{"Accept", "application/json"}};
    request.body = "the END";
    network_.asked.clear();
    return loop_.run(
        client.exchange(*base::HttpUrl::parse(url), std::move(request), loop_.in(patience)));
  }
  // What came to nothing, and why.
  Error why_not(const std::string& url, Duration patience = seconds(20)) {
    auto response = ask(url, patience);
    CHECK(!response);
    return response.error();
  }
  void trust(const std::string& name) {
    const auto pair = *tls::make_self_signed({name}, std::chrono::days(30), loop_.clock());
    certificate_ = *tls::ServerContext::from_pem(pair.certificate_pem, pair.key_pem);
    network_.certificate = certificate_.get();
    disk_.files["ca.pem"] = pair.certificate_pem;
    verifying_tls_ =
        *tls::ClientContext::create({tls::Verification::required, "ca.pem"}, disk_, loop_.clock());
  }

  fakes::TestLoop loop_;
  fakes::MemoryDisk disk_;
  std::unique_ptr<tls::ServerContext> certificate_;
  std::unique_ptr<tls::ClientContext> verifying_tls_;
  OneServer network_{loop_};
  dns::MemoryResolver resolver_{loop_};
  AnswerLimits limits_;
};

const std::string url = "http://192.0.2.1:8080/a?b";
const std::string good =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4"
    "\r\n\r\nbody";

TEST_F(WebClientTest, asks_once_and_gives_the_answer) {
  network_.answer = good;
  network_.falls_silent = true;
  auto response = ask(url);
  ASSERT_TRUE(response) << response.error().describe();
  EXPECT_EQ(response->code, 200u);
  EXPECT_EQ(response->content_type, "application/json");
  EXPECT_EQ(response->body, "body");
  EXPECT_EQ(network_.asked,
            "POST /a?b HTTP/1.1\r\nHost: 192.0.2.1:8080\r\nConnection: close\r\n"
            "Accept: application/json\r\nContent-Length: 7\r\n\r\nthe END");
}

TEST_F(WebClientTest, reads_an_answer_in_chunks_and_one_that_ends_with_its_connection) {
  network_.answer =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n";
  EXPECT_EQ(ask(url)->body, "body");
  network_.answer = "HTTP/1.0 200 OK\r\n\r\nbody";
  EXPECT_EQ(ask(url)->body, "body");
}

TEST_F(WebClientTest, follows_nobody_elsewhere) {
  network_.answer = "HTTP/1.1 307 Go\r\nLocation: http://203.0.113.9/\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(ask(url)->code, 307u);
  EXPECT_THAT(network_.tried, ElementsAre("192.0.2.1:8080"));
}

TEST_F(WebClientTest, fails_where_the_answer_is_none_or_cut_off) {
  for (const char* answer :
       {"SSH-2.0-x\r\n\r\n", "220 mail ESMTP\r\n\r\n", "HTTP/1.1 200 OK\r\nA b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody"}) {
    network_.answer = answer;
    EXPECT_EQ(why_not(url).code(), ErrorCode::protocol) << answer;
  }
  for (size_t octets = 0; octets < good.size(); ++octets) {
    network_.answer = good.substr(0, octets);
    EXPECT_THAT(why_not(url).describe(), HasSubstr("asking 192.0.2.1:8080")) << octets;
  }
}

TEST_F(WebClientTest, reads_no_more_than_its_limits) {
  limits_ = {1000, 100};
  network_.answer = "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x');
  EXPECT_EQ(why_not(url).code(), ErrorCode::resource_exhausted);
  network_.answer = "HTTP/1.0 200 OK\r\n\r\n" + std::string(101, 'x');
  EXPECT_EQ(why_not(url).code(), ErrorCode::resource_exhausted);
  network_.answer = "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x');
  EXPECT_EQ(why_not(url).code(), ErrorCode::resource_exhausted);
}

TEST_F(WebClientTest, waits_no_longer_than_it_may) {
  network_.answer = "HTTP/1.1 200 OK\r\n";
  network_.falls_silent = true;
  EXPECT_EQ(why_not(url, std::chrono::milliseconds(50)).code(), ErrorCode::timed_out);
}

TEST_F(WebClientTest, tries_every_address_of_a_name) {
  resolver_.add_address("login.example.com", *IpAddress::parse("2001:db8::1"));
  resolver_.add_address("login.example.com", *IpAddress::parse("192.0.2.1"));
  network_.dead = {*IpAddress::parse("2001:db8::1")};
  network_.answer = good;
  ASSERT_TRUE(ask("http://login.example.com/"));
  EXPECT_THAT(network_.tried, ElementsAre("[2001:db8::1]:80", "192.0.2.1:80"));
  network_.dead.insert(*IpAddress::parse("192.0.2.1"));
  EXPECT_EQ(why_not("http://login.example.com/").code(), ErrorCode::refused);
  EXPECT_EQ(why_not("http://other.example.com/").code(), ErrorCode::dns);
}

TEST_F(WebClientTest, believes_only_a_certificate_that_holds) {
  resolver_.add_address("login.example.com", *IpAddress::parse("192.0.2.1"));
  resolver_.add_address("other.example.com", *IpAddress::parse("192.0.2.1"));
  network_.answer = good;
  EXPECT_EQ(why_not("https://login.example.com/").code(), ErrorCode::tls) << "no authorities";
  EXPECT_TRUE(network_.tried.empty());
  trust("login.example.com");
  auto response = ask("https://login.example.com/");
  ASSERT_TRUE(response) << response.error().describe();
  EXPECT_EQ(response->body, "body");
  EXPECT_EQ(why_not("https://other.example.com/").code(), ErrorCode::tls) << "another name";
  EXPECT_EQ(network_.asked, "") << "nothing was said to it";
}

// Whoever can cut a connection could otherwise shorten an answer.
TEST_F(WebClientTest, takes_no_end_of_a_tls_connection_for_that_of_an_answer) {
  resolver_.add_address("login.example.com", *IpAddress::parse("192.0.2.1"));
  trust("login.example.com");
  network_.answer = "HTTP/1.0 200 OK\r\n\r\nbody";
  EXPECT_EQ(ask("https://login.example.com/")->body, "body");
  network_.ends_tls = false;
  EXPECT_EQ(why_not("https://login.example.com/").code(), ErrorCode::peer_gone);
}

}  // namespace
}  // namespace waypost::web
