#include "demo/ask.h"

namespace waypost::demo {

Result<void> expect(const Result<smtp::Reply>& reply, int code) {
  if (!reply) return failure(reply.error());
  if (reply->code == code) return {};
  return failure(ErrorCode::protocol, "the relay said: " + reply->text());
}

io::Task<Result<void>> ask(delivery::Dialogue& dialogue, std::string command, int code) {
  Result<smtp::Reply> reply = co_await dialogue.ask(std::move(command), patience);
  co_return expect(reply, code);
}

}  // namespace waypost::demo
