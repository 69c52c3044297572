#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "smtp/command.h"
#include "smtp/limits.h"
#include "smtp/line.h"

using namespace waypost::smtp;

namespace {

// A refusal must leave as exactly one reply, whatever the client wrote.
void check_refusal(const Reply& refusal) {
  CHECK(refusal.permanent());
  std::string wire;
  refusal.append_wire(wire);
  ReplyReader reader;
  const auto consumed = reader.feed(wire);
  CHECK(consumed && *consumed == wire.size() && reader.complete());
}

void check_line(std::string_view line) {
  const Command command = parse_command(line);
  CHECK(command.word.size() + command.arguments.size() <= line.size());
  if (const auto mail = parse_mail(command.arguments); !mail) check_refusal(mail.error());
  const auto rcpt = parse_rcpt(command.arguments);
  if (!rcpt) {
    check_refusal(rcpt.error());
    return;
  }
  const auto again = parse_rcpt("TO:<" + rcpt->recipient.text() + ">");
  CHECK(again && again->recipient == rcpt->recipient);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view buffered(reinterpret_cast<const char*>(data), size);
  for (;;) {
    const TakenLine taken = take_command_line(buffered, command_line_octets_accepted);
    if (taken.status == LineStatus::incomplete) break;
    CHECK(taken.consumed > 0 && taken.consumed <= buffered.size());
    if (taken.status == LineStatus::complete) {
      CHECK(taken.line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
      check_line(taken.line);
    }
    buffered.remove_prefix(taken.consumed);
  }
  check_line(buffered);
  return 0;
}
