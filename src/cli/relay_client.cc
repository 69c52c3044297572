#include "cli/relay_client.h"

#include <array>

#include "io/asio_loop.h"
#include "io/task_group.h"

namespace waypost::cli {
namespace {

constexpr size_t line_octets_max = 16 << 20;
constexpr size_t short_answer_octets_max = 1 << 20;

struct Question {
  const std::string& socket;
  std::string request;
  const LineTaker& take;
  Duration patience;
};

// Gives whole lines away and keeps the rest.
Result<void> take_lines(std::string& text, const LineTaker& take) {
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    TRY_VOID(take(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  text.erase(0, begin);
  if (text.size() > line_octets_max)
    return failure(ErrorCode::protocol, "the relay's answer has a line that is too long");
  return {};
}

io::Task<Result<void>> exchange(io::AsioLoop& loop, const Question& question) {
  CO_TRY(auto stream,
         co_await loop.network().connect_local(question.socket, loop.now() + question.patience));
  CO_TRY_VOID(co_await stream->write(question.request, loop.now() + question.patience));
  std::string text;
  std::array<char, 65536> buffer;
  while (true) {
    CO_TRY(size_t count, co_await stream->read(buffer, loop.now() + question.patience));
    if (count == 0) co_return Result<void>();
    text.append(buffer.data(), count);
    CO_TRY_VOID(take_lines(text, question.take));
  }
}

io::Task<void> run(io::AsioLoop& loop, const Question& question, Result<void>& result) {
  result = co_await exchange(loop, question);
  loop.stop();
}

}  // namespace

Result<void> ask_relay(const std::string& socket, const std::string& request, const LineTaker& take,
                       Duration patience) {
  io::AsioLoop loop;
  Question question{socket, request + "\n", take, patience};
  Result<void> result = failure(ErrorCode::unavailable, "no answer");
  io::TaskGroup tasks;
  loop.post([&] { tasks.start(run(loop, question, result)); });
  loop.run();
  return result;
}

Result<std::string> ask_relay(const std::string& socket, const std::string& request,
                              Duration patience) {
  std::string answer;
  LineTaker append = [&](std::string_view line) -> Result<void> {
    if (answer.size() + line.size() > short_answer_octets_max)
      return failure(ErrorCode::resource_exhausted, "the relay's answer is too long");
    answer.append(line).append("\n");
    return {};
  };
  TRY_VOID(ask_relay(socket, request, append, patience));
  return answer;
}

bool nobody_listens(const Error& error) {
  return error.code() == ErrorCode::not_found || error.code() == ErrorCode::refused;
}

}  // namespace waypost::cli
