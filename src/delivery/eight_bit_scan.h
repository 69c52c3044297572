#pragma once

#include <string_view>

namespace waypost::delivery {

// Where a message has octets beyond ASCII: in its header, or behind it. Takes the message in pieces
// of any size.
class EightBitScan {
 public:
  void feed(std::string_view octets);

  bool in_header() const { return in_header_; }
  bool in_body() const { return in_body_; }
  bool header_ended() const { return header_ended_; }

 private:
  bool in_header_ = false;
  bool in_body_ = false;
  bool header_ended_ = false;
  bool line_is_empty_ = true;  // of the header's current line, so far
};

}  // namespace waypost::delivery
