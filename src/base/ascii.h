#pragma once

#include <string>
#include <string_view>

// Protocol text is ASCII and must not follow the locale, so <cctype> is not for it.
namespace waypost::base {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_alnum(char c) { return is_digit(c) || is_alpha(c); }
constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }
constexpr char to_upper(char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; }

std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

// Without the spaces and tabs at both ends. The view points into `text`.
std::string_view trim(std::string_view text);

// For logs, terminals and JSON notes: control octets as \xNN, so that no peer can move a cursor or
// forge a line; octets over 0x7f stay.
std::string escape_control(std::string_view text);

}  // namespace waypost::base
