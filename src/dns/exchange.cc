#include "dns/exchange.h"

#include <algorithm>

#include "base/check.h"
#include "dns/message.h"

namespace waypost::dns {
namespace {

io::Task<Result<std::string>> read_octets(io::Stream& stream, size_t octets, Instant deadline) {
  std::string all(octets, '\0');
  size_t have = 0;
  while (have < octets) {
    std::span<char> room(all.data() + have, octets - have);
    CO_TRY(size_t got, co_await stream.read(room, deadline));
    if (got == 0) co_return failure(ErrorCode::peer_gone, "the name server closed the connection");
    have += got;
  }
  co_return all;
}

}  // namespace

io::Task<Result<std::string>> exchange(io::Network& network, Endpoint server, std::string message,
                                       Instant deadline, Instant connected_by) {
  CHECK(message.size() >= message_header_octets && message.size() <= 0xffff);
  CO_TRY(auto stream, co_await network.connect(server, {}, std::min(deadline, connected_by)));
  std::string octets;
  append_16(octets, static_cast<unsigned>(message.size()));
  octets += message;
  CO_TRY_VOID(co_await stream->write(octets, deadline));
  CO_TRY(std::string length, co_await read_octets(*stream, 2, deadline));
  CO_TRY(std::string answer, co_await read_octets(*stream, read_16(length, 0), deadline));
  if (answer.size() < message_header_octets || answer.substr(0, 2) != message.substr(0, 2) ||
      (read_16(answer, 2) & message_flag::answer) == 0)
    co_return failure(ErrorCode::protocol, "the name server sent no answer to the question");
  co_return answer;
}

}  // namespace waypost::dns
