#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace waypost::message {

inline constexpr size_t report_fields_max = 20'000;
inline constexpr size_t report_value_octets_max = 8192;

struct ReportField {
  std::string name;   // small letters
  std::string value;  // on one line
};

// The fields between two blank lines.
struct FieldGroup {
  std::vector<ReportField> fields;

  // The value of the first field of that name (small letters), empty when there is none.
  std::string_view find(std::string_view name) const;
};

// The machine-readable parts of reports: groups of fields with blank lines between them (RFC 3464
// §2.1, RFC 5965 §2). More is taken than the standards allow: blanks before a colon, and lines that
// go on without being indented. `text` has '\n' as line end; groups without a field are left out.
std::vector<FieldGroup> read_report_fields(std::string_view text);

// "dns; mx.example.net" -> "mx.example.net"; a value without a type as it is (RFC 3464 §2.1.2).
std::string_view without_type(std::string_view value);
// "dns" of it, empty when there is no type.
std::string_view type_before(std::string_view value);

// An address as people write it from what reports hold: without its type, angle brackets, quotes
// around the whole, comments; utf-8 addresses decoded (RFC 6533 §3). Empty when nothing is left.
std::string report_address(std::string_view value);

}  // namespace waypost::message
