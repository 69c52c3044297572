#include "web/server.h"

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/fakes/memory_stream.h"
#include "tests/fakes/virtual_loop.h"

namespace waypost::web {
namespace {

using fakes::MemoryStream;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// These connections, and then none.
class SomeConnections final : public io::Listener {
 public:
  explicit SomeConnections(std::deque<std::unique_ptr<io::Stream>> streams)
      : streams_(std::move(streams)) {}
  io::Task<Result<std::unique_ptr<io::Stream>>> accept() override {
    if (streams_.empty()) co_return failure(ErrorCode::cancelled, "closed");
    std::unique_ptr<io::Stream> stream = std::move(streams_.front());
    streams_.pop_front();
    co_return std::move(stream);
  }
  void close() override { streams_.clear(); }
  Endpoint local() const override { return {}; }

 private:
  std::deque<std::unique_ptr<io::Stream>> streams_;
};

io::Task<Response> say(std::string body) { co_return Response{.body = std::move(body)}; }

class WebServerTest : public testing::Test {
 protected:
  // What comes back for `octets`, to the end or until nothing more comes.
  std::string ask(const std::string& octets, Settings settings = {}, uint64_t body_max = 0) {
    // The connection before ends by itself: a server is not pulled away below its sessions.
    client_.reset();
    loop_.settle();
    serve(connect(1), settings, body_max);
    client_ = std::move(clients_.front());
    loop_.settle();
    static_cast<void>(loop_.run(client_->write(octets, loop_.now())));
    loop_.settle();
    return receive();
  }
  // The server's ends; the others are `clients_`.
  std::deque<std::unique_ptr<io::Stream>> connect(size_t count) {
    std::deque<std::unique_ptr<io::Stream>> streams;
    clients_.clear();
    for (size_t i = 0; i < count; ++i) {
      auto [near, far] = MemoryStream::make_pair(loop_, 1 << 16);
      streams.push_back(std::move(near));
      clients_.push_back(std::move(far));
    }
    return streams;
  }
  void serve(std::deque<std::unique_ptr<io::Stream>> streams, Settings settings,
             uint64_t body_max = 0) {
    Router router;
    router.on("GET", "/page", [](Request request) { return say("got " + request.query); });
    Router::Route post;
    post.handler = [](Request request) {
      return say("body " + request.body + " by " + std::any_cast<std::string>(request.caller));
    };
    post.guard = [this](Request& head) { return admit(head); };
    post.body_octets_max = body_max;
    router.on("POST", "/page", std::move(post));
    router.on("GET", "/mail/{id}/raw",
              [](Request request) { return say("mail " + request.parameters["id"]); });
    router.on("GET", "/mail/all/raw", [](Request) { return say("all of them"); });
    router.on("GET", "/large", [this](Request) { return say(large_); });
    router.on("GET", "/stream", [](Request) { return stream(two_pieces); });
    router.on("GET", "/wait", [this](Request) {
      return stream([this](BodyStream& to) { return wait_twice(to); });
    });
    server_.emplace(loop_, std::make_unique<SomeConnections>(std::move(streams)), std::move(router),
                    settings);
    server_->start();
  }
  io::Task<std::optional<Response>> admit(Request& head) {
    ++admitted_;
    EXPECT_EQ(head.body, "");
    if (head.field("authorization") == "no")
      co_return problem(401, "unauthorized", "No key", "Send a key.");
    head.caller = std::string("ann");
    co_return std::nullopt;
  }
  static io::Task<void> two_pieces(BodyStream& to) {
    static_cast<void>(co_await to.write("one "));
    static_cast<void>(co_await to.write("two"));
  }
  io::Task<void> wait_twice(BodyStream& to) {
    for (int i = 0; i < 2; ++i) {
      Result<void> waited = co_await to.wait_until(loop_.now() + seconds(10));
      waits_.push_back(waited ? std::nullopt : std::optional(waited.error().code()));
    }
  }
  static io::Task<Response> stream(std::function<io::Task<void>(BodyStream&)> tell) {
    Response response;
    response.content_type = "text/event-stream";
    response.stream = std::move(tell);
    co_return response;
  }
  std::string receive() {
    std::string all;
    std::string buffer(65536, '\0');
    while (true) {
      Result<size_t> got = loop_.run(client_->read(buffer, loop_.now()));
      if (!got || *got == 0) return all + (got ? "(closed)" : "");
      all.append(buffer, 0, *got);
    }
  }

  fakes::VirtualLoop loop_;
  int admitted_ = 0;
  std::vector<std::optional<ErrorCode>> waits_;  // what failed of each wait
  std::string large_;
  std::unique_ptr<MemoryStream> client_;
  std::deque<std::unique_ptr<MemoryStream>> clients_;
  std::optional<Server> server_;
};

const std::string host = "Host: localhost\r\n";

TEST_F(WebServerTest, answers_a_request_and_keeps_the_connection) {
  std::string answer = ask("GET /page?a=1 HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("\r\nContent-Length: 7\r\n"));
  EXPECT_THAT(answer, testing::EndsWith("\r\n\r\ngot a=1"));
  EXPECT_THAT(answer, HasSubstr("nosniff"));
}

TEST_F(WebServerTest, answers_requests_that_come_together_one_after_the_other) {
  std::string one = "GET /page?1 HTTP/1.1\r\n" + host + "\r\n";
  std::string two = "GET /page?2 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n";
  std::string answer = ask(one + two);
  EXPECT_LT(answer.find("got 1"), answer.find("got 2"));
  EXPECT_THAT(answer, testing::EndsWith("got 2(closed)"));
}

TEST_F(WebServerTest, passes_over_an_empty_line_in_front_of_a_request) {
  const std::string request = "GET /page?1 HTTP/1.1\r\n" + host + "\r\n";
  const std::string answers = ask("\r\n" + request + "\r\n" + request);
  EXPECT_THAT(answers, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_NE(answers.find("got 1"), answers.rfind("got 1"));
  EXPECT_THAT(ask("\r\n\r\n" + request), StartsWith("HTTP/1.1 400 ")) << "one, and not many";
}

TEST_F(WebServerTest, knows_one_expectation_and_says_so_of_others) {
  const std::string get = "GET /page HTTP/1.1\r\n" + host;
  EXPECT_THAT(ask(get + "Expect: 100-Continue\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(ask(get + "Expect: 200-ok\r\n\r\n"), StartsWith("HTTP/1.1 417 "));
}

TEST_F(WebServerTest, reads_the_host_field_as_a_name_with_a_port_or_without) {
  const auto code = [&](const std::string& value) {
    return ask("GET /page HTTP/1.1\r\nHost: " + value + "\r\n\r\n").substr(9, 3);
  };
  for (const char* good : {"name", "name:443", "name:", "127.0.0.1:80", "[::1]", "[::1]:8025"})
    EXPECT_EQ(code(good), "200") << good;
  for (const char* bad : {"name:443:1", "name:x", "name:123456", "::1", "[::1", "[::1]x", "a@b",
                          "name/path", "one two"})
    EXPECT_EQ(code(bad), "400") << bad;
}

TEST_F(WebServerTest, says_with_the_last_answer_that_the_connection_closes) {
  Settings settings;
  settings.requests_per_connection_max = 2;
  const std::string request = "GET /page HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string answers = ask(request + request + request, settings);
  const size_t last = answers.rfind("HTTP/1.1 200");
  EXPECT_THAT(answers.substr(0, last), HasSubstr("Connection: keep-alive"));
  EXPECT_THAT(answers.substr(last), HasSubstr("Connection: close"));
  EXPECT_THAT(answers, testing::EndsWith("(closed)"));
}

TEST_F(WebServerTest, knows_its_paths_and_methods) {
  EXPECT_THAT(ask("GET /other HTTP/1.1\r\n" + host + "\r\n"), StartsWith("HTTP/1.1 404 "));
  std::string refused = ask("DELETE /page HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(refused, HasSubstr("\r\nAllow: GET, HEAD, POST\r\n"));
  std::string head = ask("HEAD /page HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(head, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(head, testing::EndsWith("\r\n\r\n"));
}

TEST_F(WebServerTest, takes_bodies_only_up_to_their_routes_limit) {
  std::string post = "POST /page HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\nhello";
  EXPECT_THAT(ask(post), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask(post, {}, 5), HasSubstr("body hello by ann"));
  std::string chunked = "POST /page HTTP/1.1\r\n" + host +
                        "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n";
  EXPECT_THAT(ask(chunked, {}, 5), StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(ask(chunked, {}, 6), HasSubstr("body hello!"));
  std::string get = "GET /page HTTP/1.1\r\n" + host + "Content-Length: 99999999999\r\n\r\n";
  EXPECT_THAT(ask(get), StartsWith("HTTP/1.1 413 "));
}

TEST_F(WebServerTest, says_of_a_request_without_a_body_that_it_takes_none) {
  const std::string answer = ask("GET /page HTTP/1.1\r\n" + host + "Content-Length: 3\r\n\r\nabc");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(answer, HasSubstr("takes no body"));
}

TEST_F(WebServerTest, asks_the_guard_before_a_body_comes) {
  const std::string head = "POST /page HTTP/1.1\r\n" + host + "Content-Length: 5\r\n";
  const std::string refused = ask(head + "Authorization: no\r\n\r\n", {}, 5);
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(refused, HasSubstr("application/problem+json"));
  EXPECT_THAT(refused, HasSubstr("Connection: close"));
  loop_.advance(seconds(3));
  EXPECT_EQ(receive(), "(closed)") << "no body came";
  EXPECT_THAT(ask(head + "Expect: 100-continue\r\n\r\n", {}, 5), "HTTP/1.1 100 Continue\r\n\r\n");
  static_cast<void>(loop_.run(client_->write("hello", loop_.now())));
  loop_.settle();
  EXPECT_THAT(receive(), HasSubstr("body hello"));
  EXPECT_EQ(admitted_, 2);
}

TEST_F(WebServerTest, reads_and_drops_for_a_while_what_a_refused_client_still_sends) {
  const auto write = [&](size_t octets) {
    Result<void> written = loop_.run(client_->write(std::string(octets, 'x'), loop_.now()));
    loop_.settle();
    return written.has_value();
  };
  const std::string head =
      "POST /page HTTP/1.1\r\n" + host + "Authorization: no\r\nContent-Length: 100000\r\n";
  EXPECT_THAT(ask(head + "\r\n"), Not(HasSubstr("(closed)")));
  EXPECT_TRUE(write(60'000));
  loop_.advance(seconds(1));
  EXPECT_TRUE(write(39'999));
  EXPECT_EQ(receive(), "");
  EXPECT_TRUE(write(1));
  EXPECT_EQ(receive(), "(closed)");
  // Whoever sends ever so slowly is let go.
  ask(head + "\r\n");
  for (int i = 0; i < 29; ++i) {
    write(1);
    loop_.advance(seconds(1));
  }
  EXPECT_EQ(receive(), "");
  loop_.advance(seconds(1));
  EXPECT_EQ(receive(), "(closed)");
  // Who asked first sends none.
  EXPECT_THAT(ask(head + "Expect: 100-continue\r\n\r\n"), testing::EndsWith("(closed)"));
}

TEST_F(WebServerTest, writes_large_answers_whole) {
  for (int i = 0; large_.size() < 3 << 18; ++i) large_ += std::to_string(i);
  EXPECT_THAT(ask("GET /large HTTP/1.1\r\n" + host + "\r\n"),
              testing::EndsWith("\r\n\r\n" + large_));
}

TEST_F(WebServerTest, bounds_all_bodies_together_and_their_time) {
  std::string post = "POST /page HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\n";
  Settings small;
  small.bodies_octets_max = 4;
  EXPECT_THAT(ask(post, small, 5), StartsWith("HTTP/1.1 503 "));
  const std::string chunks =
      "POST /page HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n";
  EXPECT_THAT(ask(chunks, small, 1 << 20), StartsWith("HTTP/1.1 503 "));
  EXPECT_EQ(ask(chunks, {}, 1 << 30), "") << "only what comes counts";
  EXPECT_EQ(ask(post, {}, 5), "");
  loop_.advance(seconds(61));
  EXPECT_THAT(receive(), StartsWith("HTTP/1.1 408 "));
}

TEST_F(WebServerTest, gives_the_open_parts_of_a_path_decoded) {
  const auto get = [&](const std::string& path) {
    return ask("GET " + path + " HTTP/1.1\r\n" + host + "\r\n");
  };
  EXPECT_THAT(get("/mail/a%40b%2Fc/raw"), testing::EndsWith("mail a@b/c"));
  EXPECT_THAT(get("/mail/all/raw"), testing::EndsWith("all of them"));
  for (const char* path : {"/mail//raw", "/mail/%0d%0a/raw", "/mail/%ff/raw", "/mail/%4/raw",
                           "/mail/../raw/x", "/mail/x", "/mail/x/raw/"})
    EXPECT_THAT(get(path), StartsWith("HTTP/1.1 404 ")) << path;
}

TEST_F(WebServerTest, ends_the_connection_behind_a_stream) {
  const std::string answer = ask("GET /stream HTTP/1.1\r\n" + host + "\r\n");
  EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n\r\none two(closed)"));
}

TEST_F(WebServerTest, tells_a_stream_that_waits_when_its_client_has_gone) {
  ask("GET /wait HTTP/1.1\r\n" + host + "\r\nnothing belongs here");
  loop_.advance(seconds(11));
  client_->close();
  loop_.settle();
  EXPECT_THAT(waits_, testing::ElementsAre(std::nullopt, ErrorCode::peer_gone));
}

TEST(WebMessageTest, reads_queries_and_refuses_what_is_ambiguous) {
  auto query = parse_query("a=1&b=x%2By+z&&c");
  ASSERT_TRUE(query);
  EXPECT_EQ((*query)["b"], "x+y z");
  EXPECT_EQ((*query)["c"], "");
  for (const char* bad : {"a=1&a=2", "a=%0a", "a=%zz", "%00=1"}) EXPECT_FALSE(parse_query(bad));
}

TEST_F(WebServerTest, refuses_what_is_no_request_and_closes) {
  const std::string chunked = "Transfer-Encoding: chunked\r\n\r\n";
  const std::string another = "GET /page?smuggled HTTP/1.1\r\n" + host + "\r\n";
  for (const std::string& hostile :
       {std::string("\r\n\r\n\r\n\0\1\2", 9), std::string("EHLO client\r\n"),
        "GET ftp://example.com/ HTTP/1.1\r\n" + host + "\r\n",
        std::string("GET /page HTTP/1.1\r\n\r\n"),
        "GET /page HTTP/1.1\r\n" + host + "Host: other\r\n\r\n",
        "GET /page HTTP/1.1\r\n" + host + "Idempotency-Key: a\r\nidempotency-key: b\r\n\r\n",
        "GET /page HTTP/1.1\r\n" + host + "Authorization: a\r\nAuthorization: a\r\n\r\n",
        "GET /page HTTP/1.1\r\n" + host + "Content-Type: a\r\nContent-Type: b\r\n\r\n",
        "GET /page HTTP/1.1\r\n" + host + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /page HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n",
        "GET /page HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n" + another,
        "GET /page HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked, gzip\r\n\r\n" + another,
        "GET /page HTTP/1.0\r\n" + host + "Connection: keep-alive\r\n" + chunked + "0\r\n\r\n",
        "GET /page HTTP/9.9\r\n" + host + "\r\n"}) {
    std::string answer = ask(hostile);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << hostile;
    EXPECT_THAT(answer, Not(HasSubstr("smuggled"))) << hostile;
    EXPECT_THAT(answer, testing::EndsWith("(closed)")) << hostile;
  }
}

TEST_F(WebServerTest, takes_the_absolute_form_and_no_coding_but_chunked) {
  EXPECT_THAT(ask("GET http://localhost/page?a=1 HTTP/1.1\r\n" + host + "\r\n"),
              testing::EndsWith("\r\n\r\ngot a=1"));
  EXPECT_THAT(ask("GET ftp://localhost/page HTTP/1.1\r\n" + host + "\r\n"),
              StartsWith("HTTP/1.1 400 "));
  const std::string post = "POST /page HTTP/1.1\r\n" + host;
  EXPECT_THAT(ask(post + "Transfer-Encoding: gzip, chunked\r\n\r\n"), StartsWith("HTTP/1.1 501 "));
  EXPECT_THAT(ask(post + "Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"),
              StartsWith("HTTP/1.1 415 "));
}

TEST_F(WebServerTest, bounds_the_header) {
  std::string large = "GET /page HTTP/1.1\r\n" + host + "X: " + std::string(40'000, 'x');
  EXPECT_THAT(ask(large), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET /" + std::string(40'000, 'x')), StartsWith("HTTP/1.1 431 "));
}

TEST_F(WebServerTest, waits_for_a_slow_request_only_so_long) {
  EXPECT_EQ(ask("GET /page HTTP/1.1\r\n"), "");
  loop_.advance(seconds(10));
  static_cast<void>(loop_.run(client_->write("Host: x\r\n", loop_.now())));
  loop_.advance(seconds(6));
  EXPECT_EQ(receive(), "(closed)");
}

TEST_F(WebServerTest, lets_nobody_keep_others_out_by_saying_nothing) {
  Settings settings;
  settings.connections_max = 2;
  const std::string request = "GET /page HTTP/1.1\r\n" + host + "\r\n";
  auto streams = connect(3);
  static_cast<void>(loop_.run(clients_[0]->write("GET", loop_.now())));
  serve(std::move(streams), settings);
  loop_.settle();
  // The first of the two that say nothing made room.
  for (size_t i : {0, 1, 2}) {
    client_ = std::move(clients_[i]);
    static_cast<void>(loop_.run(client_->write(request, loop_.now())));
    loop_.settle();
    EXPECT_EQ(receive().find("200 OK") != std::string::npos, i > 0) << i;
  }
}

TEST_F(WebServerTest, lets_nobody_push_out_those_of_another_address) {
  Settings settings;
  settings.connections_max = 3;
  const std::string request = "GET /page HTTP/1.1\r\n" + host + "\r\n";
  auto streams = connect(5);
  // The first is idle for longest, and somebody else's.
  const Endpoint somebody{*IpAddress::parse("192.0.2.7"), 50000};
  dynamic_cast<MemoryStream&>(*streams.front()).set_peer(somebody);
  serve(std::move(streams), settings);
  loop_.settle();
  client_ = std::move(clients_.front());
  static_cast<void>(loop_.run(client_->write(request, loop_.now())));
  loop_.settle();
  EXPECT_THAT(receive(), HasSubstr("200 OK"));
}

TEST_F(WebServerTest, stops_without_waiting_for_idle_connections) {
  ask("GET /page HTTP/1.1\r\n" + host + "\r\n");
  io::TaskGroup stops;
  stops.start(server_->stop(loop_.now() + seconds(5)));
  loop_.settle();
  EXPECT_EQ(stops.running(), 0u);
  EXPECT_EQ(receive(), "(closed)");
}

}  // namespace
}  // namespace waypost::web
