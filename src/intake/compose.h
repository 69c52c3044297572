#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace waypost::intake {

struct Attachment {
  std::string filename;      // UTF-8
  std::string content_type;  // "application/pdf", perhaps with parameters
  std::string base64;        // of the content, on one line
  std::string content_id;    // without angle brackets; by which the HTML shows it; empty: none
};

struct Composition {
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string text;  // UTF-8; one of the two at least
  std::string html;
  std::vector<std::string> cc = {};
  std::vector<std::string> reply_to = {};
  std::vector<std::pair<std::string, std::string>> fields = {};  // further ones, as they are named
  std::vector<Attachment> attachments = {};
};

// The message as text with CRLF line ends, RFC 5322 and RFC 2045: both bodies as alternatives, what
// is not ASCII or has long lines in base64, the subject and further fields in encoded words (RFC
// 2047), what the HTML shows beside it (RFC 2387). Line ends in values become blanks, so that no
// value can bring a field. `boundary` is random letters.
std::string compose(const Composition& composition, std::string_view boundary);

// What a line of a header has at most behind the name of its field: RFC 5322 §2.1.1 lets a line
// have 998 octets.
inline constexpr size_t header_word_octets_max = 900;

// Text for a header field: folded between words where it is long, in encoded words where it is not
// ASCII or has a longer word.
std::string header_text(std::string text);

}  // namespace waypost::intake
