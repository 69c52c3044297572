#pragma once

#include <cstddef>
#include <string_view>

namespace waypost::smtp {

enum class LineStatus {
  complete,
  incomplete,        // no line end yet, and room for one
  too_long,          // over the limit, with its CRLF
  bare_line_ending,  // a LF without CR, or a CR without LF, somewhere in the line
  nul,               // NUL somewhere in the line
};

struct TakenLine {
  LineStatus status = LineStatus::incomplete;
  std::string_view line;    // without its line end; a view into the buffer; for `complete` only
  size_t consumed = 0;      // octets to drop from the buffer: up to and with the LF
  bool line_ended = false;  // false for too_long when the LF has not arrived: all was consumed and
                            // what comes next, up to a LF, belongs to the same line
};

// Takes one command line off the start of `buffered`. Only CRLF ends a line (RFC 5321 §2.3.8); what
// breaks that, and NUL, gets a status of its own, to be refused with 500 5.5.2 and never repaired.
TakenLine take_command_line(std::string_view buffered, size_t octets_max);

}  // namespace waypost::smtp
