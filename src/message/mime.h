#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Messages taken apart (RFC 2045, 2046), for the readers of reports that come in, and for people
// who look at one. What passes through the relay is never read this way.
namespace waypost::message {

// Limits of what is looked at; the rest of a message is left out, which is no failure.
inline constexpr size_t mime_octets_max = 32 << 20;         // of the whole message
inline constexpr size_t mime_text_octets_max = 256 * 1024;  // of one text, decoded
inline constexpr size_t mime_file_octets_max = 16 << 20;    // of one attachment, decoded
inline constexpr size_t mime_parts_max = 1000;
inline constexpr size_t mime_depth_max = 50;  // parts within parts
inline constexpr size_t mime_boundary_lines_max = 4000;
inline constexpr size_t mime_field_lines_max = 50'000;  // of all parts together

struct MimeField {
  std::string name;   // as it stands
  std::string value;  // on one line, encoded words (RFC 2047) decoded, valid UTF-8
};

struct MimePart {
  std::string type;        // "text/plain", small letters
  std::string file;        // the name that it suggests; empty: none
  std::string content_id;  // as "cid:" names it (RFC 2392), without angle brackets; empty: none
  bool attached = false;   // it says that it is to be kept as a file (RFC 2183 §2.2)
  size_t octets = 0;       // without its transfer encoding; of ReadFor::people only
  size_t depth = 0;
  // How many returned or forwarded messages it is inside of; 0 is the message itself.
  size_t messages = 0;
  bool cut = false;  // as text: `content` is not all of it
  // Without its transfer encoding. Of text and message/* valid UTF-8 with '\n' as line end; of a
  // whole message (message/rfc822) only the header block, its parts follow. Empty for kinds that
  // the reader does not want.
  std::string content;
};

struct MimeMessage {
  std::vector<MimeField> fields;  // none: the octets do not begin with a header
  std::string type;               // of the whole
  std::string report_type;        // parameter of multipart/report (RFC 6522 §3)
  std::vector<MimePart> parts;    // those that hold something, in their order
  bool cut = false;               // fields or parts were left out, or octets of one that is no text

  // The value of the first field of that name, in any case; empty when there is none.
  std::string_view field(std::string_view name) const;
  // The first part of that type inside of at most `messages` others, or null.
  const MimePart* part(std::string_view type, size_t messages = 0) const;
};

enum class ReadFor {
  reports,  // what machines report; pictures are left out
  people,   // what somebody shall see: text, pictures, and of all else the size
};

// Any octets, with any line ends; a text without a header is one part. What is broken or cut off is
// read as far as it goes. Any thread.
MimeMessage read_mime(std::string_view octets, ReadFor whom = ReadFor::reports);

// A header field's value as people read it: on one line, encoded words (RFC 2047) decoded, valid
// UTF-8 without control characters. Any octets; at most 8 KiB of them are looked at. Any thread.
std::string readable_value(std::string_view value);

// Whether the octets begin with the header of a message, blank lines and an mbox separator aside.
bool begins_with_header(std::string_view octets);

// Text as if it were HTML: without tags and styles, with its usual entities as characters, a line
// for each block.
std::string text_of_html(std::string_view html);

}  // namespace waypost::message
