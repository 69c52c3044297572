#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "base/check.h"
#include "smtp/capabilities.h"
#include "smtp/reply.h"

using waypost::smtp::Reply;
using waypost::smtp::ReplyReader;

namespace {

struct Stream {
  std::vector<Reply> replies;
  bool broken = false;
};

Stream read(std::string_view octets, size_t piece_octets) {
  Stream stream;
  ReplyReader reader;
  while (!octets.empty()) {
    const auto consumed = reader.feed(octets.substr(0, piece_octets));
    if (!consumed) {
      stream.broken = true;
      break;
    }
    CHECK(*consumed > 0);
    octets.remove_prefix(*consumed);
    if (reader.complete()) stream.replies.push_back(reader.take());
  }
  return stream;
}

// What we would send for this reply must be one reply with the same code, and stable from there on.
void check_wire(const Reply& reply) {
  std::string wire;
  reply.append_wire(wire);
  const Stream again = read(wire, wire.size());
  if (again.broken) return;  // escapes and wrapping made it larger than a reader takes
  CHECK(again.replies.size() == 1);
  CHECK(again.replies[0].code == reply.code);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const Stream whole = read(octets, octets.size());
  const Stream pieces = read(octets, 1 + size % 7);
  CHECK(whole.replies == pieces.replies);
  CHECK(whole.broken == pieces.broken);
  for (const Reply& reply : whole.replies) {
    CHECK(reply.code >= 200 && reply.code <= 599 && !reply.lines.empty());
    for (char c : reply.text()) CHECK(!waypost::base::is_control(c));
    waypost::smtp::parse_ehlo(reply);
    check_wire(reply);
  }
  return 0;
}
