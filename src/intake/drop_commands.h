#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "smtp/command.h"
#include "smtp/reply.h"

// A message that was left in a file (docs/format/drop.md): what a client would have said in one
// transaction, "MAIL FROM:<...>", "RCPT TO:<...>" once or more, "DATA", each line ended by CRLF,
// and then the content with its transparency dots and its final dot. Hostile octets are fine.
namespace waypost::intake {

// Of the commands together, so that they can be read at once.
inline constexpr size_t drop_commands_octets_max = 4 << 20;

struct DropCommands {
  smtp::MailArguments mail;
  std::vector<smtp::RcptArguments> recipients;  // one or more
  size_t octets = 0;                            // where the content begins
};

// The commands at the start of `octets`. The refusal is the reply that a client would have got: a
// file with a recipient that cannot be is refused as a whole, since nobody is there to hear of one.
tl::expected<DropCommands, smtp::Reply> parse_drop_commands(std::string_view octets,
                                                            size_t recipients_max);

}  // namespace waypost::intake
