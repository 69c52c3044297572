#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace waypost::message {

inline constexpr size_t header_block_octets_max = 256 * 1024;
inline constexpr size_t header_fields_max = 2000;
// A message with more Received fields is in a loop (RFC 5321 §6.3).
inline constexpr size_t received_fields_max = 50;

// One field of a header block. All views point into the scanned octets.
struct HeaderField {
  std::string_view name;  // without the colon and blanks in front of it, case kept
  std::string_view
      value;          // without the blanks behind the colon and the last line end; still folded
  size_t offset = 0;  // of the name in the scanned octets
  size_t octets = 0;  // of the whole field: folded lines and the last line end included
};

enum class HeaderEnd {
  blank_line,       // as RFC 5322 §2.1 has it
  not_a_field,      // a line that is no field: the body starts there, without a blank line
  end_of_input,     // no body was seen: it has none, or more of the message is to come
  too_large,        // header_block_octets_max passed
  too_many_fields,  // header_fields_max passed
};

// The header fields at the start of a message, as they stand; nothing is decoded or checked beyond
// the form "name: value" (RFC 5322 §2.2). Valid as long as the scanned octets.
struct HeaderBlock {
  std::vector<HeaderField> fields;
  HeaderEnd ended_by = HeaderEnd::end_of_input;
  size_t body_offset = 0;  // where the body starts; where the scan stopped for the other ends

  bool over_limit() const {
    return ended_by == HeaderEnd::too_large || ended_by == HeaderEnd::too_many_fields;
  }
  // The first field of that name in any case, or nullptr. Owned by the block.
  const HeaderField* find(std::string_view name) const;
  size_t count(std::string_view name) const;
};

// Scans the start of a message: all of it, or a first chunk of header_block_octets_max octets or
// more, of which it looks at no more than that. Lines end with CRLF or with LF. Linear in time.
HeaderBlock scan_header_block(std::string_view octets);

// A value on one line: line ends taken out, as RFC 5322 §2.2.3 unfolds. Other octets are kept.
std::string unfold(std::string_view value);

}  // namespace waypost::message
