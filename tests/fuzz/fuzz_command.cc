#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ascii.h"
#include "base/check.h"
#include "smtp/command.h"
#include "smtp/limits.h"
#include "smtp/line.h"
#include "smtp/xtext.h"

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

void check_mail(std::string_view arguments) {
  const auto mail = parse_mail(arguments);
  if (!mail) return check_refusal(mail.error());
  CHECK(mail->smtputf8 || !mail->sender || mail->sender->is_ascii());
  const std::string& envelope_id = mail->dsn.envelope_id;
  CHECK(envelope_id.size() <= envelope_id_octets_max);
  CHECK(from_xtext(to_xtext(envelope_id)) == envelope_id);
}

void check_rcpt(std::string_view arguments, Characters characters) {
  const auto rcpt = parse_rcpt(arguments, characters);
  if (!rcpt) return check_refusal(rcpt.error());
  CHECK(characters == Characters::utf8 || rcpt->recipient.is_ascii());
  const auto again = parse_rcpt("TO:<" + rcpt->recipient.text() + ">", characters);
  CHECK(again && again->recipient == rcpt->recipient);
  CHECK(!rcpt->dsn.notify.never || !rcpt->dsn.notify.success);
  const std::string& original = rcpt->dsn.original_recipient;
  const bool printable = std::none_of(original.begin(), original.end(), waypost::base::is_control);
  CHECK(original.empty() || (printable && original.find(';') != std::string::npos));
}

void check_line(std::string_view line) {
  const Command command = parse_command(line);
  CHECK(command.word.size() + command.arguments.size() <= line.size());
  check_mail(command.arguments);
  check_rcpt(command.arguments, Characters::ascii);
  check_rcpt(command.arguments, Characters::utf8);
  if (const auto chunk = parse_bdat(command.arguments); !chunk) check_refusal(chunk.error());
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
