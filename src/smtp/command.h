#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tl/expected.hpp>

#include "smtp/address.h"
#include "smtp/dsn.h"
#include "smtp/reply.h"

// What a client asks for. Nothing here knows the session: whether a command may come now is for
// smtp/sequence.h.
namespace waypost::smtp {

enum class Verb {
  ehlo,
  helo,
  starttls,
  auth,
  mail,
  rcpt,
  data,
  rset,
  noop,
  quit,
  vrfy,
  expn,
  help,
  bdat,
  xclient,
  unknown,
};
inline constexpr size_t verb_count = size_t(Verb::unknown) + 1;

// As the wire spells it, "MAIL"; "unknown" for Verb::unknown.
std::string_view name(Verb verb);

struct Command {
  Verb verb = Verb::unknown;
  std::string_view word;       // the verb as the client wrote it; raw octets
  std::string_view arguments;  // without the spaces and tabs at both ends; raw octets
};

// Splits a line that has lost its CRLF. The views point into `line`. Always succeeds.
Command parse_command(std::string_view line);

enum class BodyType { seven_bit, eight_bit_mime };  // RFC 6152 §3

struct MailArguments {
  std::optional<Mailbox> sender;        // none: the null reverse-path <>
  std::optional<uint64_t> size_octets;  // RFC 1870 §6; a number too large for us is the maximum
  BodyType body = BodyType::seven_bit;
  bool smtputf8 = false;  // RFC 6531 §3.4
  MessageDsn dsn;
};

struct RcptArguments {
  Mailbox recipient;  // the domain is empty for <Postmaster>
  RecipientDsn dsn;
};

// BDAT, RFC 3030 §2: the chunk that follows the command.
struct Chunk {
  uint64_t octets = 0;  // a number too large for us is the maximum
  bool last = false;
};

// The arguments of MAIL and RCPT. A refusal is the reply to send: 501 5.5.4 for the form of the
// command, 501 5.1.7 (sender) or 5.1.3 (recipient) for the address, 553 5.6.7 for non-ASCII in it
// without SMTPUTF8, 555 5.5.4 for a parameter that we do not know. AUTH= of RFC 4954 §5 is checked
// and ignored. `characters` are those that the transaction's MAIL asked for.
tl::expected<MailArguments, Reply> parse_mail(std::string_view arguments);
tl::expected<RcptArguments, Reply> parse_rcpt(std::string_view arguments,
                                              Characters characters = Characters::ascii);

// 501 5.5.4 for anything but a decimal number and perhaps LAST. Where the next command starts is
// then unknown.
tl::expected<Chunk, Reply> parse_bdat(std::string_view arguments);

}  // namespace waypost::smtp
