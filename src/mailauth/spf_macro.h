#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"

namespace waypost::mailauth {

// What macros stand for during one check (RFC 7208 §7.2).
struct MacroValues {
  IpAddress ip;
  std::string local_part;     // of the sender
  std::string sender_domain;  // of the sender
  std::string helo;
  std::string domain;     // <domain>: it changes inside "include" and "redirect"
  std::string validated;  // a name of the address that leads back to it, or "unknown"
  std::string receiver;
  WallTime now;
};

// A macro-string (RFC 7208 §7.1): text with macros in it.
class MacroString {
 public:
  // In a record the letters c, r and t mean nothing; in an explanation they do (RFC 7208 §7.3).
  enum class Place { record, explanation };

  // Fails with invalid_input and words for the writer of the record.
  static Result<MacroString> parse(std::string_view text, Place place);

  bool needs_validated_name() const;
  // Whether it comes out differently for another address, sender or HELO name.
  bool depends_on_message() const;
  // Whether it ends as a domain-spec must: in a macro or in a dot and a top label (RFC 7208 §7.1).
  bool ends_as_domain() const;

  // Text of octets; empty when it would be longer than 65,536.
  std::string expand(const MacroValues& values) const;
  // A domain in lower case, its octets as they are: without final dot, cut from the left to 253
  // octets (RFC 7208 §7.3). Whoever asks for it escapes its labels.
  std::string expand_domain(const MacroValues& values) const;

 private:
  struct Macro {
    char letter = 'd';         // lower case
    bool url_escaped = false;  // it was upper case
    unsigned parts = 0;        // 0: all
    bool reversed = false;
    std::string delimiters;  // "" is "."
  };
  using Piece = std::variant<std::string, Macro>;

  static Result<Macro> parse_macro(std::string_view inside, Place place);
  static std::string value_of(const Macro& macro, const MacroValues& values);
  static std::string expand(const Macro& macro, const MacroValues& values);

  std::vector<Piece> pieces_;
  bool ends_in_macro_ = false;
};

// A name of labels of any octets, as a question has it: octets that no host name has as \DDD.
std::string escape_labels(std::string_view name);

}  // namespace waypost::mailauth
