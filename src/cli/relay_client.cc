#include "cli/relay_client.h"

#include <array>

#include "io/asio_loop.h"
#include "io/task_group.h"

namespace waypost::cli {
namespace {

constexpr Duration patience = std::chrono::seconds(30);
constexpr size_t answer_octets_max = 256 << 20;

io::Task<Result<std::string>> ask(io::AsioLoop& loop, const std::string& socket,
                                  std::string request) {
  Instant deadline = loop.now() + patience;
  CO_TRY(auto stream, co_await loop.network().connect_local(socket, deadline));
  CO_TRY_VOID(co_await stream->write(request, deadline));
  std::string answer;
  std::array<char, 65536> buffer;
  while (answer.size() < answer_octets_max) {
    CO_TRY(size_t count, co_await stream->read(buffer, deadline));
    if (count == 0) co_return answer;
    answer.append(buffer.data(), count);
  }
  co_return failure(ErrorCode::resource_exhausted, "the relay's answer is too long");
}

}  // namespace

Result<std::string> ask_relay(const std::string& socket, const std::string& request) {
  io::AsioLoop loop;
  Result<std::string> answer = failure(ErrorCode::unavailable, "no answer");
  struct Exchange {
    static io::Task<void> run(io::AsioLoop& on, const std::string& to, std::string what,
                              Result<std::string>& result) {
      result = co_await ask(on, to, std::move(what));
      on.stop();
    }
  };
  io::TaskGroup tasks;
  loop.post([&] { tasks.start(Exchange::run(loop, socket, request + "\n", answer)); });
  loop.run();
  return answer;
}

bool nobody_listens(const Error& error) {
  return error.code() == ErrorCode::not_found || error.code() == ErrorCode::refused;
}

}  // namespace waypost::cli
