#include "dns/direct_question.h"

#include <array>

#include "dns/rdata.h"

namespace waypost::dns {
namespace {

constexpr size_t header_octets = 12;
constexpr uint16_t recursion_desired = 0x0100;
constexpr uint16_t authentic_data = 0x0020;
constexpr uint16_t checking_disabled = 0x0010;
constexpr uint16_t is_answer = 0x8000;
constexpr uint16_t rcode_mask = 0x000f;

void append_16(std::string& octets, unsigned value) {
  octets += static_cast<char>((value >> 8) & 0xff);
  octets += static_cast<char>(value & 0xff);
}

unsigned read_16(std::string_view octets, size_t at) {
  return (static_cast<uint8_t>(octets[at]) << 8) | static_cast<uint8_t>(octets[at + 1]);
}

// With its length in front, as TCP has it (RFC 1035 §4.2.2); `name` is normal.
std::string question_octets(const DirectQuestion& question, std::string_view name, uint16_t id) {
  std::string message;
  append_16(message, id);
  // AD in a question: tell whether you validated (RFC 6840 §5.7).
  append_16(message, recursion_desired | authentic_data |
                         (question.checking_disabled ? checking_disabled : 0));
  for (unsigned count : {1, 0, 0, 0}) append_16(message, count);
  while (!name.empty()) {
    std::string_view label = name.substr(0, name.find('.'));
    message += static_cast<char>(label.size());
    message += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  message += '\0';
  append_16(message, question.type);
  append_16(message, 1);  // IN
  std::string octets;
  append_16(octets, static_cast<unsigned>(message.size()));
  return octets + message;
}

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

io::Task<Result<DirectAnswer>> ask_directly(io::Loop& loop, io::Network& network, Endpoint server,
                                            DirectQuestion question, Instant deadline) {
  CO_TRY(std::string name, normalize_name(question.name));
  CO_TRY(auto stream, co_await network.connect(server, {}, deadline));
  auto id = static_cast<uint16_t>(loop.rng().next());
  std::string octets = question_octets(question, name, id);
  CO_TRY_VOID(co_await stream->write(octets, deadline));
  CO_TRY(std::string length, co_await read_octets(*stream, 2, deadline));
  CO_TRY(std::string message, co_await read_octets(*stream, read_16(length, 0), deadline));
  if (message.size() < header_octets || read_16(message, 0) != id ||
      (read_16(message, 2) & is_answer) == 0)
    co_return failure(ErrorCode::protocol, "the name server sent no answer to the question");
  unsigned flags = read_16(message, 2);
  DirectAnswer answer;
  answer.rcode = static_cast<int>(flags & rcode_mask);
  answer.authentic = (flags & authentic_data) != 0;
  answer.answers = read_16(message, 6);
  co_return answer;
}

}  // namespace waypost::dns
