#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// What an IMAP server says, cut into responses and read (RFC 9051 §7, RFC 3501 §7). No I/O.
namespace waypost::seeds {

inline constexpr size_t response_line_octets_max = 64 * 1024;  // without literals
inline constexpr size_t literal_octets_max = 256 * 1024;
inline constexpr size_t response_octets_max = 512 * 1024;
inline constexpr size_t response_values_max = 4000;
inline constexpr unsigned list_depth_max = 8;

// NIL is an atom of that name: only some fields may have it.
struct Value {
  enum class Kind { atom, text, list };
  Kind kind = Kind::atom;
  std::string text;          // of an atom; of a string without its quotes, of a literal its octets
  std::vector<Value> items;  // of a list

  bool is_atom(std::string_view word) const;  // in any case
};

struct Response {
  enum class Kind {
    state,      // OK, NO, BAD, PREAUTH, BYE: `text` has their words
    data,       // LIST, FETCH ...: `values`
    challenge,  // "+ ...": `text`
  };
  Kind kind = Kind::data;
  std::string tag;                      // "" for what answers no command
  std::string word;                     // upper case: "OK", "LIST"
  std::optional<uint32_t> number = {};  // "* 12 FETCH ..."
  std::string text = {};
  std::vector<Value> values = {};
  size_t value_count = 0;  // at every depth
};

// Cuts octets into responses with the literals in them. After a failure it is of no use.
class ResponseReader {
 public:
  void feed(std::string_view octets) { buffer_ += octets; }
  // The next whole response with its line ends; none until more octets come. Fails with protocol
  // where a limit is passed.
  Result<std::optional<std::string>> next();

 private:
  std::string buffer_;
  size_t at_ = 0;            // what is before was looked at
  size_t line_start_ = 0;    // of the line that is being read
  size_t literal_left_ = 0;  // octets to come that are no line
};

// One response of the reader. Total: fails with protocol for what has another form.
Result<Response> parse_response(std::string_view octets);

// As a command has it (RFC 9051 §9 `string`): in quotes. Fails with invalid_input for
// control octets, and for what is not ASCII, which would need a literal.
Result<std::string> quoted(std::string_view text);

// "17-Jul-2026 02:44:25 -0700", also with a blank for the first digit.
Result<int64_t> parse_internal_date(std::string_view text);  // seconds since 1970

}  // namespace waypost::seeds
