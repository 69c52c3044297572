#include "daemon/control.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;

// Room for the most ids that one request may name.
constexpr size_t request_octets_max = 64 << 10;
constexpr size_t clients_max = 64;
constexpr Duration patience = std::chrono::seconds(10);

}  // namespace

io::Task<bool> ControlAnswer::write(std::string lines) {
  Result<void> written = co_await stream_.write(lines, loop_.now() + patience);
  co_return written.has_value();
}

io::Task<void> ControlAnswer::write_object(json::object object) {
  co_await write(json::serialize(object) + "\n");
}

io::Task<void> ControlAnswer::refuse(std::string why) {
  json::object refusal{{"error", base::to_valid_utf8(why)}};
  co_await write_object(std::move(refusal));
}

io::Task<void> ControlAnswer::wait_until_gone(Instant deadline) {
  std::array<char, 64> buffer;
  while (true) {
    Result<size_t> count = co_await stream_.read(buffer, deadline);
    if (!count || *count == 0) co_return;
  }
}

ControlServer::ControlServer(io::Loop& loop, std::unique_ptr<io::Listener> listener)
    : loop_(loop), listener_(std::move(listener)) {}

ControlServer::~ControlServer() = default;

void ControlServer::on(std::string command, Handler handler) {
  handlers_.emplace(std::move(command), std::move(handler));
}

void ControlServer::start() { tasks_.start(accept()); }

io::Task<void> ControlServer::stop() {
  listener_->close();
  for (io::Stream* stream : open_) stream->close();
  co_await tasks_.join();
}

io::Task<void> ControlServer::accept() {
  while (true) {
    auto stream = co_await listener_->accept();
    if (stream) {
      // One too many is closed at once: its owner has as many open already.
      if (open_.size() < clients_max) tasks_.start(serve(*std::move(stream)));
    } else if (stream.error().code() == ErrorCode::cancelled) {
      co_return;
    } else {
      co_await io::sleep_until(loop_, loop_.now() + std::chrono::milliseconds(100));
    }
  }
}

io::Task<void> ControlServer::serve(std::unique_ptr<io::Stream> stream) {
  open_.push_back(stream.get());
  Instant deadline = loop_.now() + patience;
  Result<std::string> request = co_await read_request(*stream, deadline);
  if (request) {
    ControlAnswer answer(loop_, *stream);
    co_await respond(*std::move(request), answer);
  }
  std::erase(open_, stream.get());
}

io::Task<Result<std::string>> ControlServer::read_request(io::Stream& stream, Instant deadline) {
  std::string request;
  std::array<char, 4096> buffer;
  size_t end = std::string::npos;
  while (end == std::string::npos) {
    CO_TRY(size_t count, co_await stream.read(buffer, deadline));
    if (count == 0 || request.size() + count > request_octets_max)
      co_return failure(ErrorCode::protocol, "no request of one line");
    request.append(buffer.data(), count);
    end = request.find('\n', request.size() - count);
  }
  co_return request.substr(0, end);
}

io::Task<void> ControlServer::respond(std::string request, ControlAnswer& answer) {
  json::error_code error;
  json::value value = json::parse(request, error);
  if (error || !value.is_object()) {
    co_await answer.refuse("the request is no JSON object");
    co_return;
  }
  const json::value* command = value.get_object().if_contains("command");
  auto handler = command && command->is_string()
                     ? handlers_.find(std::string(command->get_string()))
                     : handlers_.end();
  if (handler == handlers_.end()) {
    co_await answer.refuse("unknown command");
    co_return;
  }
  co_await handler->second(std::move(value.get_object()), answer);
}

}  // namespace waypost::daemon
