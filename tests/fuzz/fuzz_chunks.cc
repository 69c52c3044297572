#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "smtp/command.h"
#include "smtp/data.h"
#include "smtp/sequence.h"

using namespace waypost::smtp;

namespace {

std::optional<DataFault> judge(std::string_view content, size_t piece_octets) {
  ChunkReader reader;
  for (size_t at = 0; at < content.size(); at += piece_octets)
    reader.feed(content.substr(at, piece_octets));
  reader.finish();
  return reader.fault();
}

// What DATA finds in the same content, with its line ended and its dots doubled.
std::optional<DataFault> judge_as_data(std::string_view content) {
  std::string wire;
  DataWriter writer;
  writer.append(content, wire);
  writer.finish(wire);
  std::string read;
  DataReader reader;
  CHECK(reader.feed(wire, read) == wire.size() && reader.ended());
  return reader.fault();
}

// A session as the table of commands has it: whatever comes, a chunk runs only behind MAIL and
// RCPT, DATA never between chunks.
void walk(std::string_view commands) {
  Phase phase = Phase::greeted;
  bool sender = false;
  bool recipient = false;
  bool chunks = false;
  for (char c : commands) {
    const auto verb = Verb(static_cast<unsigned char>(c) % verb_count);
    const bool last = (c & 0x80) != 0;
    if (refuse_out_of_sequence(phase, Facts{.tls_offered = true}, verb)) continue;
    CHECK(verb != Verb::data || (sender && recipient && !chunks));
    CHECK(verb != Verb::bdat || (sender && recipient));
    phase = after(phase, verb == Verb::bdat && last ? Verb::data : verb);
    const bool in_transaction = phase >= Phase::mail;
    sender = in_transaction && (sender || verb == Verb::mail);
    recipient = in_transaction && (recipient || verb == Verb::rcpt);
    chunks = in_transaction && (chunks || verb == Verb::bdat);
    CHECK(chunks == (phase == Phase::chunks));
  }
}

}  // namespace

// The first octet says how the rest is cut.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t piece_octets = 1 + data[0] % 16;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  walk(octets);
  const auto fault = judge(octets, octets.size());
  CHECK(fault == judge(octets, piece_octets));
  // A CR at the very end gets its LF from the writer.
  const bool ends_with_cr = octets.ends_with('\r');
  CHECK(ends_with_cr || fault == judge_as_data(octets));
  return 0;
}
