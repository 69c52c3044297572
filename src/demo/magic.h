#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "smtp/reply.h"

// Mailboxes whose name says what becomes of mail to them, so that a program can be tried against
// every outcome. docs/operate/demo.md lists them. Pure.
namespace waypost::demo {

struct Magic {
  enum class Kind : uint8_t {
    says,           // "550-5.7.26", "421": this reply to RCPT, always
    defers,         // "defer-3x": 451 so many times, then it is taken
    is_silent,      // "timeout": no reply to RCPT, and then the connection ends
    bounces_later,  // "latebounce": 250, and a bounce afterwards
    complains,      // "complaint": 250, and a complaint afterwards
  };
  Kind kind = Kind::says;
  smtp::Reply reply;   // says, defers
  unsigned times = 0;  // defers

  static constexpr unsigned times_max = 99;
};

// What a mailbox asks for; what stands behind a '+' only tells several apart. None: an ordinary
// one.
std::optional<Magic> magic_of(std::string_view local_part);

// One line for each kind, for the help.
std::string magic_help();

}  // namespace waypost::demo
