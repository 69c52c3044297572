#include "web/server.h"

#include <algorithm>
#include <array>
#include <optional>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/ascii.h"
#include "io/timer.h"

namespace waypost::web {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::chrono::milliseconds accept_retry_delay{100};
constexpr size_t read_octets = 4096;

Request to_request(const http::request<http::string_body>& message) {
  Request request;
  const auto text = [](auto view) { return std::string(view.data(), view.size()); };
  request.method = text(message.method_string());
  std::string target = text(message.target());
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != target.npos) request.query = target.substr(question + 1);
  for (const auto& field : message)
    request.fields.emplace_back(base::to_lower(text(field.name_string())), text(field.value()));
  request.body = message.body();
  return request;
}

Response refusal_for(const boost::system::error_code& error) {
  if (error == http::error::header_limit) return refusal(431, "the header is too large");
  if (error == http::error::body_limit) return refusal(413, "the body is too large");
  return refusal(400, "that is no HTTP request");
}

// What RFC 9112 §3.2 wants of every request of this version, and forms that only proxies are asked.
std::optional<Response> refuse(const http::request<http::string_body>& message) {
  const auto hosts = message.equal_range(http::field::host);
  const auto count = std::distance(hosts.first, hosts.second);
  if (count > 1 || (message.version() >= 11 && count != 1))
    return refusal(400, "a request has one Host field");
  // RFC 9112 §6.3: where its body ends cannot be known, and the next request would begin within it.
  const bool has_coding = message.find(http::field::transfer_encoding) != message.end();
  if (has_coding && (message.version() < 11 || !message.chunked()))
    return refusal(400, "the last transfer coding of a request is chunked");
  if (!message.target().starts_with('/')) return refusal(400, "the target is no path");
  return std::nullopt;
}

// RFC 9110 §15; the phrase means nothing to a program.
std::string to_wire(const Response& response, bool keep_alive, bool with_body) {
  std::string wire = "HTTP/1.1 " + std::to_string(response.code) + " " +
                     std::string(http::obsolete_reason(http::int_to_status(response.code))) +
                     "\r\nContent-Type: " + response.content_type +
                     "\r\nContent-Length: " + std::to_string(response.body.size()) +
                     "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : response.fields) wire += name + ": " + value + "\r\n";
  wire += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (with_body) wire += response.body;
  return wire;
}

}  // namespace

Server::Server(io::Loop& loop, std::unique_ptr<io::Listener> listener, Router router,
               Settings settings)
    : loop_(loop),
      listener_(std::move(listener)),
      router_(std::move(router)),
      settings_(settings) {}

void Server::start() { tasks_.start(accept()); }

io::Task<void> Server::stop(Instant deadline) {
  stopping_ = true;
  listener_->close();
  for (io::Stream* stream : open_) stream->stop_reading();
  io::Timer hard(loop_.timers());
  hard.start(deadline, [this] {
    for (io::Stream* stream : open_) stream->close();
  });
  co_await tasks_.join();
}

io::Task<void> Server::accept() {
  while (!stopping_) {
    auto stream = co_await listener_->accept();
    if (!stream && stream.error().code() == ErrorCode::cancelled) co_return;
    // Too many: dropped without a word, which a health check reads as it should.
    if (stream && open_.size() < settings_.connections_max)
      tasks_.start(serve(*std::move(stream)));
    else if (!stream)
      co_await io::sleep_until(loop_, loop_.now() + accept_retry_delay);
  }
}

io::Task<void> Server::serve(std::unique_ptr<io::Stream> stream) {
  open_.insert(stream.get());
  std::string buffered;
  for (unsigned i = 0; i < settings_.requests_per_connection_max && !stopping_; ++i) {
    const bool more =
        co_await serve_one(*stream, buffered, i + 1 == settings_.requests_per_connection_max);
    if (!more) break;
  }
  open_.erase(stream.get());
}

// False when the connection ends with it.
io::Task<bool> Server::serve_one(io::Stream& stream, std::string& buffered, bool is_last) {
  const Instant deadline = loop_.now() + settings_.request_timeout;
  Parser parser;
  parser.header_limit(settings_.header_octets_max);
  parser.body_limit(settings_.body_octets_max);
  parser.eager(true);
  boost::system::error_code error;
  std::array<char, read_octets> space;
  while (!parser.is_done() && !error) {
    if (!buffered.empty()) {
      const size_t used =
          parser.put(boost::asio::const_buffer(buffered.data(), buffered.size()), error);
      buffered.erase(0, used);
      if (error == http::error::need_more) error = {};
      if (parser.is_done() || error) break;
      if (buffered.size() > settings_.header_octets_max) error = http::error::header_limit;
      if (error) break;
    }
    Result<size_t> got = co_await stream.read(space, deadline);
    if (!got || *got == 0) co_return false;
    buffered.append(space.data(), *got);
  }
  std::optional<Response> response;
  bool keep_alive = false;
  bool with_body = true;
  if (error) {
    response = refusal_for(error);
  } else {
    response = refuse(parser.get());
    keep_alive = !response && !is_last && parser.get().keep_alive() && !stopping_;
    with_body = parser.get().method() != http::verb::head;
    if (!response) response = co_await router_.answer(to_request(parser.get()));
  }
  const std::string wire = to_wire(*response, keep_alive, with_body);
  Result<void> written = co_await stream.write(wire, loop_.now() + settings_.response_timeout);
  co_return written&& keep_alive;
}

}  // namespace waypost::web
