#include "daemon/control.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "base/utf8.h"

namespace waypost::daemon {
namespace {

namespace json = boost::json;

constexpr size_t request_octets_max = 4096;
constexpr Duration patience = std::chrono::seconds(10);
constexpr uint64_t standings_shown_max = 100'000;

json::object to_json(const queue::Standing& standing) {
  json::object object;
  object["id"] = standing.id.text();
  object["accepted_at"] = base::to_rfc3339(standing.accepted_at);
  object["expires_at"] = base::to_rfc3339(standing.expires_at);
  object["sender"] = standing.sender;
  object["recipient"] = standing.recipient;
  object["stream"] = standing.stream;
  object["site"] = standing.site;
  object["size"] = standing.size_octets;
  object["hold"] = queue::name(standing.hold);
  object["reason"] = base::to_valid_utf8(standing.reason);
  object["limit_origin"] = standing.limit_origin;
  object["attempts"] = standing.attempts;
  object["last_reply"] = base::to_valid_utf8(standing.last_reply);
  object["last_host"] = standing.last_host;
  if (standing.next_attempt_at != WallTime())
    object["next_attempt_at"] = base::to_rfc3339(standing.next_attempt_at);
  return object;
}

std::string line(const json::object& object) { return json::serialize(object) + "\n"; }

std::string refusal(const std::string& why) { return line({{"error", why}}); }

std::string end_of_list(const queue::Queue& queue, bool complete) {
  return line({{"end", true},
               {"complete", complete},
               {"messages", queue.messages()},
               {"recipients", queue.unsettled_recipients()}});
}

std::string list_queue(const queue::Queue& queue, uint64_t limit) {
  std::string lines;
  uint64_t shown = 0;
  bool complete = true;
  queue.visit_standings([&](const queue::Standing& standing) {
    complete = shown < limit;
    if (!complete) return false;
    lines += line(to_json(standing));
    ++shown;
    return true;
  });
  return lines + end_of_list(queue, complete);
}

std::string list_message(const queue::Queue& queue, std::string_view id_text) {
  Result<MessageId> id = MessageId::parse(id_text);
  if (!id) return refusal(id.error().message());
  std::string lines;
  for (const queue::Standing& standing : queue.standings(*id)) lines += line(to_json(standing));
  return lines + end_of_list(queue, true);
}

std::string_view text_field(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  if (!value || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

}  // namespace

ControlServer::ControlServer(io::Loop& loop, std::unique_ptr<io::Listener> listener,
                             const queue::Queue& queue)
    : loop_(loop), listener_(std::move(listener)), queue_(queue) {}

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
      tasks_.start(serve(*std::move(stream)));
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
    std::string lines = co_await respond(*std::move(request));
    // A client that went away has no use for the rest.
    Result<void> written = co_await stream->write(lines, loop_.now() + patience);
    static_cast<void>(written);
  }
  std::erase(open_, stream.get());
}

io::Task<Result<std::string>> ControlServer::read_request(io::Stream& stream, Instant deadline) {
  std::string request;
  std::array<char, 1024> buffer;
  while (request.find('\n') == std::string::npos) {
    CO_TRY(size_t count, co_await stream.read(buffer, deadline));
    if (count == 0 || request.size() + count > request_octets_max)
      co_return failure(ErrorCode::protocol, "no request of one line");
    request.append(buffer.data(), count);
  }
  co_return request.substr(0, request.find('\n'));
}

io::Task<std::string> ControlServer::respond(std::string request) {
  json::error_code error;
  json::value value = json::parse(request, error);
  if (error || !value.is_object()) co_return refusal("the request is no JSON object");
  auto handler = handlers_.find(text_field(value.get_object(), "command"));
  if (handler == handlers_.end()) co_return answer(request);
  co_return co_await handler->second();
}

std::string ControlServer::answer(std::string_view request) const {
  json::error_code error;
  json::value value = json::parse(json::string_view(request.data(), request.size()), error);
  if (error || !value.is_object()) return refusal("the request is no JSON object");
  const json::object& object = value.get_object();
  std::string_view command = text_field(object, "command");
  if (command == "queue.ls") {
    const json::value* limit = object.if_contains("limit");
    uint64_t shown = limit && limit->is_int64() && limit->get_int64() >= 0
                         ? static_cast<uint64_t>(limit->get_int64())
                         : standings_shown_max;
    return list_queue(queue_, std::min(shown, standings_shown_max));
  }
  if (command == "queue.show") return list_message(queue_, text_field(object, "id"));
  return refusal("unknown command");
}

}  // namespace waypost::daemon
