#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// Addresses of the envelope, RFC 5321 §4.1.2, and with SMTPUTF8 those of RFC 6531 §3.3. All
// failures are ErrorCode::invalid_input, with a message that says what is wrong and what was
// expected and repeats nothing from the text, so it may go into a reply.
namespace waypost::smtp {

// What an address may be written with. UTF-8 is any of RFC 3629 but for controls, line separators
// and marks that turn the direction of writing, with which one address would show as another.
enum class Characters { ascii, utf8 };

struct Mailbox {
  std::string local_part;  // decoded: without quotes and backslashes, case kept
  // ASCII letters in lower case, U-labels as they were said; or an address literal in brackets;
  // empty for <Postmaster>.
  std::string domain;

  // As the envelope spells it, without angle brackets; the local part is quoted where it must be.
  std::string text() const;
  // Whether it needs no SMTPUTF8.
  bool is_ascii() const;

  auto operator<=>(const Mailbox&) const = default;
};

// Whether text is made of what an address may be written with, in UTF-8.
bool is_address_text(std::string_view text);

// local-part@domain, and nothing else around it.
Result<Mailbox> parse_mailbox(std::string_view text, Characters characters = Characters::ascii);

// A domain name by the letter-digit-hyphen rule, in lower case, or an address literal, [192.0.2.1]
// or [IPv6:2001:db8::1], in one canonical spelling. A bare IP address is refused. Whether a label
// beyond ASCII is a U-label is not looked at (dns/idn.h can tell).
Result<std::string> parse_domain(std::string_view text, Characters characters = Characters::ascii);

// A path and what follows it. `mailbox` is empty for the null reverse-path <>. <Postmaster> without
// a domain, any case, is local part "postmaster" and an empty domain (RFC 5321 §4.5.1).
struct TakenPath {
  std::optional<Mailbox> mailbox;
  std::string_view rest;  // a view into the text that was given
};

// Takes "<...>" off the start of `text`. A source route is checked and dropped (RFC 5321 §4.1.1.3).
Result<TakenPath> take_path(std::string_view text, Characters characters = Characters::ascii);

}  // namespace waypost::smtp
