#pragma once

#include <string>
#include <string_view>

// Records that receivers do not take for what they were meant to be: with quotes, blanks or
// backslashes that a form made part of the value.
namespace waypost::publish {

// The SPF record that was meant; "" where the text is one already, or was never meant as one.
std::string meant_spf(std::string_view text);

// The same of DMARC, for a text at a name that starts with "_dmarc"; "" also where a part of it is
// no tag with a value, so that nobody can tell what was meant.
std::string meant_dmarc(std::string_view text);

}  // namespace waypost::publish
