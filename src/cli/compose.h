#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waypost::cli {

struct Composition {
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string text;  // UTF-8; one of the two at least
  std::string html;
};

// The message as text with CRLF line ends, RFC 5322 and RFC 2045: both bodies as alternatives, what
// is not ASCII or has long lines in base64, the subject in encoded words (RFC 2047). Line ends in
// header values become blanks, so that no value can bring a field. `boundary` is random letters.
std::string compose(const Composition& composition, std::string_view boundary);

}  // namespace waypost::cli
