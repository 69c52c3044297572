#include "web/server.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/ascii.h"
#include "base/time.h"
#include "io/timer.h"

namespace waypost::web {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::chrono::milliseconds accept_retry_delay{100};
constexpr unsigned no_content = 204;  // RFC 9110 §8.6: nor a Content-Length
constexpr size_t read_octets = 16 * 1024;
constexpr size_t written_octets = 256 * 1024;    // within response_timeout
constexpr uint64_t share_step_octets = 1 << 20;  // of a body whose length is not said
constexpr uint64_t dropped_octets_max = 256 << 20;

std::string_view in_view(boost::beast::string_view text) { return {text.data(), text.size()}; }

// Where the authority begins in a target in absolute form; 0 for another form.
size_t host_in(std::string_view target) {
  for (std::string_view scheme : {"http://", "https://"})
    if (base::starts_with_ignoring_case(target, scheme)) return scheme.size();
  return 0;
}

Request to_request(const http::request<http::string_body>& message) {
  Request request;
  const auto text = [](auto view) { return std::string(in_view(view)); };
  request.method = text(message.method_string());
  std::string target = text(message.target());
  std::string authority;
  if (const size_t host = host_in(target)) {
    const size_t slash = std::min(target.find_first_of("/?", host), target.size());
    authority = target.substr(host, slash - host);
    target.erase(0, slash);
    if (!target.starts_with('/')) target.insert(0, "/");
  }
  const size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != target.npos) request.query = target.substr(question + 1);
  for (const auto& field : message)
    request.fields.emplace_back(base::to_lower(text(field.name_string())), text(field.value()));
  // It says the same as the Host field, and counts where it does not (RFC 9112 §3.2.2).
  for (auto& [name, value] : request.fields)
    if (!authority.empty() && name == "host") value = authority;
  return request;
}

Response bad_request(std::string_view why) {
  return problem(400, "bad-request", "This is no request", why);
}

Response body_too_large(uint64_t octets_max) {
  if (octets_max == 0)
    return problem(413, "body-too-large", "The body is too large",
                   "This request takes no body: send it without one.");
  return problem(413, "body-too-large", "The body is too large",
                 "Here a request has a body of at most " + std::to_string(octets_max) + " octets.");
}

Response header_too_large() {
  return problem(431, "header-too-large", "The header is too large",
                 "The request line and the header fields are too long together.");
}

Response too_busy() {
  Response response = problem(503, "too-busy", "Too much comes in at once",
                              "Send the same request again in a few seconds.");
  response.fields.emplace_back("Retry-After", "5");
  return response;
}

// uri-host [ ":" port ] of RFC 9110 §7.2; empty where a target has no authority.
bool is_authority(std::string_view text) {
  size_t end = std::min(text.find(':'), text.size());
  if (text.starts_with('[')) end = std::min(text.find(']'), text.size() - 1) + 1;
  const std::string_view host = text.substr(0, end);
  std::string_view port = text.substr(end);
  const bool has_end = port.empty() || port.starts_with(':');
  if (!port.empty()) port.remove_prefix(1);
  const auto in_host = [](char c) {
    return c > 0x20 && c != 0x7f && std::string_view("@/?#\\,").find(c) == std::string_view::npos;
  };
  return has_end && host.starts_with('[') == host.ends_with(']') &&
         std::all_of(host.begin(), host.end(), in_host) && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(), base::is_digit);
}

// What RFC 9112 §3.2 wants of every request of this version, and forms that only proxies are asked.
std::optional<Response> refuse(const http::request<http::string_body>& message) {
  const auto hosts = message.equal_range(http::field::host);
  const auto count = std::distance(hosts.first, hosts.second);
  if (count > 1 || (message.version() >= 11 && count != 1))
    return bad_request("A request has one Host field.");
  if (count == 1 && !is_authority(base::trim(in_view(hosts.first->value()))))
    return bad_request("The Host field is no name or address, with a port or without.");
  // Of two that say different things one would be passed over without a word (RFC 9110 §5.3).
  for (const char* name : {"Authorization", "Idempotency-Key", "Content-Type"})
    if (message.count(name) > 1)
      return bad_request("A request has no more than one " + std::string(name) + " field.");
  // RFC 9110 §10.1.1.
  const auto expectations = message.equal_range(http::field::expect);
  for (auto each = expectations.first; each != expectations.second; ++each)
    if (!base::equals_ignoring_case(base::trim(in_view(each->value())), "100-continue"))
      return problem(417, "expectation-failed", "The expectation is not known",
                     "Only \"Expect: 100-continue\" is known; leave the field out.");
  // RFC 9112 §6.3: where its body ends cannot be known, and the next request would begin within it.
  const auto coding = message.find(http::field::transfer_encoding);
  if (coding != message.end() && (message.version() < 11 || !message.chunked()))
    return bad_request("The last transfer coding of a request is chunked.");
  if (coding != message.end() && !base::equals_ignoring_case(in_view(coding->value()), "chunked"))
    return problem(501, "unknown-coding", "The body comes in a coding that is not known",
                   "A body is sent as it is, or chunked.");
  const auto content_coding = message.find(http::field::content_encoding);
  if (content_coding != message.end() &&
      !base::equals_ignoring_case(in_view(content_coding->value()), "identity"))
    return problem(415, "unsupported-media-type", "The body has another type",
                   "The body has to come without a Content-Encoding.");
  const std::string_view target = in_view(message.target());
  if (!target.starts_with('/') && host_in(target) == 0)
    return bad_request("The target is no path.");
  return std::nullopt;
}

// RFC 9110 §15; the phrase means nothing to a program.
std::string header_of(const Response& response, bool keep_alive) {
  std::string wire = "HTTP/1.1 " + std::to_string(response.code) + " " +
                     std::string(http::obsolete_reason(http::int_to_status(response.code)));
  const bool has_content = response.code != no_content;
  if (has_content) wire += "\r\nContent-Type: " + response.content_type;
  // Else its end is that of the connection (RFC 9112 §6.3).
  if (has_content && !response.stream)
    wire += "\r\nContent-Length: " + std::to_string(response.body.size());
  wire += "\r\nX-Content-Type-Options: nosniff\r\n";
  if (std::none_of(response.fields.begin(), response.fields.end(),
                   [](const auto& field) { return field.first == "Cache-Control"; }))
    wire += "Cache-Control: no-store\r\n";
  for (const auto& [name, value] : response.fields) wire += name + ": " + value + "\r\n";
  return wire + (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

class ConnectionBody final : public BodyStream {
 public:
  ConnectionBody(io::Loop& loop, io::Stream& stream, Duration patience)
      : loop_(loop), stream_(stream), patience_(patience) {}
  io::Task<Result<void>> write(std::string octets) override {
    co_return co_await stream_.write(octets, loop_.now() + patience_);
  }
  // Nothing may follow the request on this connection: what does come is not kept.
  io::Task<Result<void>> wait_until(Instant at) override {
    std::array<char, 512> unasked;
    while (loop_.now() < at) {
      Result<size_t> got = co_await stream_.read(unasked, at);
      if (!got && got.error().code() == ErrorCode::timed_out) break;
      CO_TRY(const size_t octets, std::move(got));
      if (octets == 0) co_return failure(ErrorCode::peer_gone, "the client ended the connection");
    }
    co_return Result<void>();
  }

 private:
  io::Loop& loop_;
  io::Stream& stream_;
  const Duration patience_;
};

// Octets of all bodies that one request takes, for as long as it is there.
class Share {
 public:
  explicit Share(uint64_t& all) : all_(all) {}
  ~Share() { all_ -= octets_; }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;
  bool take(uint64_t octets, uint64_t most) {
    if (octets > most || all_ > most - octets) return false;
    all_ += octets;
    octets_ += octets;
    return true;
  }
  void give_back() {
    all_ -= octets_;
    octets_ = 0;
  }
  // At least so many.
  bool cover(uint64_t octets, uint64_t most) {
    while (octets_ < octets)
      if (!take(share_step_octets, most)) return false;
    return true;
  }

 private:
  uint64_t& all_;
  uint64_t octets_ = 0;
};

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
    if (stream && (open_.size() < settings_.connections_max || make_room()))
      tasks_.start(serve(*std::move(stream)));
    else if (!stream)
      co_await io::sleep_until(loop_, loop_.now() + accept_retry_delay);
  }
}

// RFC 9112 §9.5 lets a server close what is idle. Whoever opens many and says nothing, or an octet
// now and then, pushes out his own first, as far as an address tells who he is.
bool Server::make_room() {
  if (waiting_.empty()) return false;
  std::map<IpAddress, size_t> of;
  for (const auto& [stream, address] : waiting_) ++of[address];
  const auto most = std::max_element(of.begin(), of.end(), [](const auto& one, const auto& other) {
    return one.second < other.second;
  });
  const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const auto& each) { return each.second == most->first; });
  first->first->close();
  waiting_.erase(first);
  return true;
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

struct Server::Reading {
  Reading(std::string& the_buffered, uint64_t& bodies_octets)
      : buffered(the_buffered), share(bodies_octets) {}
  // RFC 9112 §2.2: some clients end a body with an empty line more. True when the request has
  // begun, and no such line is passed over any more.
  bool pass_empty_line() {
    if (begun) return true;
    if (buffered == "\r") return false;
    begun = !buffered.empty();
    if (buffered.starts_with("\r\n")) buffered.erase(0, 2);
    return begun;
  }
  std::string& buffered;  // octets of the connection that are not parsed yet
  bool begun = false;
  Parser parser;
  Request request;
  Router::Match match;
  std::optional<Response> refusal;
  Share share;
};

// Until the header is whole, or with an eager parser the request. False when the client went away;
// a refusal otherwise where it is no request.
io::Task<bool> Server::read(io::Stream& stream, Reading& reading, Instant deadline) {
  Parser& parser = reading.parser;
  std::string& buffered = reading.buffered;
  std::array<char, read_octets> space;
  const auto done = [&] { return parser.eager() ? parser.is_done() : parser.is_header_done(); };
  while (!done()) {
    if (reading.pass_empty_line() && !buffered.empty()) {
      boost::system::error_code error;
      const size_t used =
          parser.put(boost::asio::const_buffer(buffered.data(), buffered.size()), error);
      buffered.erase(0, used);
      if (error == http::error::need_more) error = {};
      if (!error && done()) co_return true;
      if (error == http::error::body_limit)
        reading.refusal = body_too_large(reading.match.route->body_octets_max);
      else if (error == http::error::header_limit || buffered.size() > settings_.header_octets_max)
        reading.refusal = header_too_large();
      else if (error)
        reading.refusal = bad_request("That is no HTTP request.");
      else if (parser.eager() &&
               !reading.share.cover(parser.get().body().size(), settings_.bodies_octets_max))
        reading.refusal = too_busy();
      if (reading.refusal) co_return true;
    }
    Result<size_t> got = co_await stream.read(space, deadline);
    if (!got || *got == 0) co_return false;
    buffered.append(space.data(), *got);
  }
  co_return true;
}

// Whoever asks for too much of the memory is refused before it is taken.
io::Task<void> Server::read_body(io::Stream& stream, Reading& reading) {
  constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  Parser& parser = reading.parser;
  if (parser.is_done()) co_return;
  const uint64_t octets_max = reading.match.route->body_octets_max;
  if (parser.content_length().value_or(0) > octets_max) {
    reading.refusal = body_too_large(octets_max);
    co_return;
  }
  parser.body_limit(octets_max);
  parser.eager(true);
  if (base::equals_ignoring_case(reading.request.field("expect"), "100-continue"))
    co_await stream.write(go_on, loop_.now() + settings_.response_timeout);
  bool there = co_await read(stream, reading, loop_.now() + settings_.body_timeout);
  if (!there)
    reading.refusal =
        problem(408, "too-slow", "The body did not come",
                "A body has to be there within " + base::to_human(settings_.body_timeout) + ".");
}

// To end a connection with octets of it unread resets it, and a client that is still sending then
// never sees the answer. For whoever comes meanwhile it is one that says nothing.
io::Task<void> Server::drop_rest(io::Stream& stream, Reading& reading) {
  const bool is_asked_first =
      base::equals_ignoring_case(in_view(reading.parser.get()[http::field::expect]),
                                 "100-continue") &&
      !reading.parser.eager();
  if (is_asked_first) co_return;
  reading.share.give_back();
  // Of a body in chunks nobody knows.
  uint64_t left = reading.parser.content_length().value_or(dropped_octets_max);
  left = std::min(left - std::min<uint64_t>(left, reading.parser.get().body().size()),
                  dropped_octets_max);
  left -= std::min<uint64_t>(left, reading.buffered.size());
  std::array<char, read_octets> space;
  const Instant end = loop_.now() + settings_.drop_timeout;
  waiting_.emplace_back(&stream, stream.peer().address);
  while (left > 0) {
    Result<size_t> got =
        co_await stream.read(space, std::min(end, loop_.now() + settings_.drop_pause));
    if (!got || *got == 0) break;
    left -= std::min<uint64_t>(left, *got);
  }
  waiting_.remove_if([&](const auto& each) { return each.first == &stream; });
}

// False when the connection ends with it.
io::Task<bool> Server::serve_one(io::Stream& stream, std::string& buffered, bool is_last) {
  Reading reading(buffered, bodies_octets_);
  Parser& parser = reading.parser;
  parser.header_limit(settings_.header_octets_max);
  parser.body_limit(boost::none);  // its route is not known yet, which has one
  waiting_.emplace_back(&stream, stream.peer().address);
  bool there = co_await read(stream, reading, loop_.now() + settings_.request_timeout);
  waiting_.remove_if([&](const auto& each) { return each.first == &stream; });
  if (!there) co_return false;
  if (!reading.refusal) reading.refusal = refuse(parser.get());
  const bool with_body = parser.get().method() != http::verb::head;
  if (reading.refusal) {
    co_await send(stream, *reading.refusal, false, with_body);
    const bool has_length = parser.is_header_done() && parser.content_length();
    if (has_length && !parser.is_done()) co_await drop_rest(stream, reading);
    co_return false;
  }
  reading.request = to_request(parser.get());
  reading.request.client = stream.peer();
  reading.match = router_.match(reading.request);
  reading.refusal = std::move(reading.match.refusal);
  const Router::Route* route = reading.match.route;
  if (!reading.refusal && route->guard) reading.refusal = co_await route->guard(reading.request);
  if (!reading.refusal && !parser.is_done()) {
    const uint64_t expected = parser.content_length().value_or(0);
    if (expected <= route->body_octets_max &&
        !reading.share.take(expected, settings_.bodies_octets_max))
      reading.refusal = too_busy();
    if (!reading.refusal) co_await read_body(stream, reading);
  }
  // Where a body that is not wanted ends is not waited for.
  const bool keep_alive = parser.is_done() && !is_last && parser.get().keep_alive() && !stopping_;
  if (reading.refusal) {
    const bool more = co_await send(stream, *reading.refusal, keep_alive, with_body);
    if (!parser.is_done()) co_await drop_rest(stream, reading);
    co_return more;
  }
  reading.request.body = std::move(parser.get().body());
  Response response = co_await route->handler(std::move(reading.request));
  co_return co_await send(stream, response, keep_alive, with_body);
}

io::Task<bool> Server::send(io::Stream& stream, const Response& response, bool keep_alive,
                            bool with_body) {
  if (response.stream) keep_alive = false;
  std::string wire = header_of(response, keep_alive);
  if (with_body) wire += response.body;
  Result<void> written;
  for (std::string_view rest = wire; written && !rest.empty();) {
    const std::string_view piece = rest.substr(0, written_octets);
    rest.remove_prefix(piece.size());
    written = co_await stream.write(piece, loop_.now() + settings_.response_timeout);
  }
  if (written && with_body && response.stream) {
    ConnectionBody body(loop_, stream, settings_.response_timeout);
    co_await response.stream(body);
  }
  co_return written&& keep_alive;
}

}  // namespace waypost::web
