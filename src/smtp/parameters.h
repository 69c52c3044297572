#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "smtp/command.h"
#include "smtp/reply.h"

// What may stand behind the address in MAIL and RCPT.
namespace waypost::smtp {

// Whether `parameters` has the keyword SMTPUTF8 (RFC 6531 §3.4): the address in front of them may
// then be UTF-8. Looks at nothing else.
bool asks_for_utf8(std::string_view parameters);

// Read the parameters into `mail` or `rcpt`. A refusal is 555 5.5.4 for a keyword that we do not
// know and 501 5.5.4 for everything else.
tl::expected<void, Reply> read_parameters(std::string_view parameters, MailArguments& mail);
tl::expected<void, Reply> read_parameters(std::string_view parameters, Characters characters,
                                          RcptArguments& rcpt);

}  // namespace waypost::smtp
