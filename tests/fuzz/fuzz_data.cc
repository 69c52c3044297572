#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "smtp/data.h"

using namespace waypost::smtp;

namespace {

struct Outcome {
  std::string content;
  size_t consumed = 0;
  bool ended = false;
  std::optional<DataFault> fault;

  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view wire, size_t piece_octets) {
  Outcome outcome;
  DataReader reader;
  while (outcome.consumed < wire.size() && !reader.ended())
    outcome.consumed += reader.feed(wire.substr(outcome.consumed, piece_octets), outcome.content);
  outcome.ended = reader.ended();
  outcome.fault = reader.fault();
  if (outcome.fault) outcome.content.clear();
  return outcome;
}

std::string write(std::string_view content, size_t piece_octets) {
  std::string wire;
  DataWriter writer;
  for (size_t at = 0; at < content.size(); at += piece_octets)
    writer.append(content.substr(at, piece_octets), wire);
  writer.finish(wire);
  return wire;
}

}  // namespace

// The first octet says how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece_octets = 1 + data[0] % 16;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);

  const Outcome outcome = read(octets, octets.size());
  CHECK(outcome == read(octets, piece_octets));
  if (outcome.ended) CHECK(octets.substr(0, outcome.consumed).ends_with(".\r\n"));

  const std::string wire = write(octets, octets.size());
  CHECK(wire == write(octets, piece_octets));
  // No content, clean or not, can end its message early, even for a server that takes a bare LF for
  // a line end.
  CHECK(wire.find("\n.\n") == std::string::npos && !wire.starts_with(".\n"));
  const Outcome back = read(wire, piece_octets);
  CHECK(back.ended && back.consumed == wire.size());
  if (!back.fault) {
    const bool completed = back.content == octets || back.content == std::string(octets) + "\r\n" ||
                           back.content == std::string(octets) + "\n";
    CHECK(completed);
  }
  return 0;
}
