#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Addresses that stand in words for people: in replies, in notices. Good for a doubt about whom the
// words mean, never for sending. Pure.
namespace waypost::smtp {

inline constexpr size_t mentioned_addresses_max = 100;

// What looks like an address of ASCII letters, as it is written, in the order of the text, each as
// often as it stands there, at most mentioned_addresses_max. Views into `text`.
std::vector<std::string_view> mentioned_addresses(std::string_view text);

// Whether the text names an address, and not this one alone: then it may be about the other, to
// which mail was forwarded or which was asked back for. The postmaster of its domain is whom to
// ask, and nobody else. `address` is local-part@domain, letters in any case.
bool mentions_another(std::string_view text, std::string_view address);

}  // namespace waypost::smtp
