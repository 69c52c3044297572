#pragma once

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::smtp {

// x.y.z of RFC 3463 §2: kind 2, 4 or 5, subject and detail 0 to 999.
struct EnhancedCode {
  int kind = 0;
  int subject = 0;
  int detail = 0;

  std::string text() const;  // "5.1.1"
  // The whole of `text` must be the code; other kinds and leading zeros are no enhanced code.
  static std::optional<EnhancedCode> parse(std::string_view text);

  auto operator<=>(const EnhancedCode&) const = default;
};

// What a server said. `lines` hold the text without the code, and without the enhanced code where
// a line repeats it; a reply that was read has at least one line, which may be empty.
struct Reply {
  int code = 0;
  std::optional<EnhancedCode> enhanced;
  std::vector<std::string> lines;

  bool positive() const { return code / 100 == 2; }
  bool intermediate() const { return code / 100 == 3; }
  bool transient() const { return code / 100 == 4; }
  bool permanent() const { return code / 100 == 5; }

  // One line for people: "550 5.1.1 No such user"; several lines are joined by a space.
  std::string text() const;

  // Appends the form of RFC 5321 §4.2.1, the enhanced code on each line (RFC 2034 §4). Text that
  // would pass 512 octets a line continues on the next line; control octets leave escaped, so that
  // no text taken from a client can forge a line.
  void append_wire(std::string& out) const;

  bool operator==(const Reply&) const = default;
};

// A reply of ours; '\n' in `text` separates lines. The form without an enhanced code is for the
// greeting, the reply to EHLO and 3yz codes, which have none (RFC 2034 §4).
Reply reply(int code, EnhancedCode enhanced, std::string text);
Reply reply(int code, std::string text);

// Reads replies from a stream of octets, however it is cut. It forgives what real servers do: bare
// LF line ends, a code with no text. An enhanced code counts when its kind agrees with the code;
// otherwise it stays in the text. Control octets in the text come out as \xNN (a tab as a space),
// octets over 0x7f as they are.
class ReplyReader {
 public:
  // Takes octets up to the end of one reply and says how many; what follows belongs to the next
  // reply and is to be fed again after take(). Fails with ErrorCode::protocol, for good, on a line
  // without a code from 200 to 599, codes that differ within a reply, NUL, or sizes over
  // reply_line_octets_accepted, reply_octets_accepted and reply_lines_accepted.
  Result<size_t> feed(std::string_view octets);

  bool complete() const { return complete_; }
  // Whether part of a reply has arrived: a connection that ends now was cut in the middle of one.
  bool started() const { return reply_octets_ > 0; }

  // The reply; the reader starts afresh. Only when complete().
  Reply take();

 private:
  Result<> add_piece(std::string_view piece, bool line_ends);
  Result<> add_line(std::string_view line);
  void add_text(std::string_view text);

  std::string partial_line_;
  Reply reply_;
  size_t reply_octets_ = 0;
  bool complete_ = false;
  std::optional<Error> broken_;
};

}  // namespace waypost::smtp
