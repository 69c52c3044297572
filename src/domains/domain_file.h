#pragma once

#include <string>
#include <string_view>

#include "domains/sending_domain.h"

// The file of a sending domain, which only programs write (docs/format/domains.md).
namespace waypost::domains {

inline constexpr size_t domain_file_octets_max = 64 * 1024;

// `domain` passes check_domain().
std::string encode_domain(const SendingDomain& domain);

// Total: takes any octets. Fails with corrupt, with the place and what is wrong there; `name` is
// how the file is called. What it returns passes check_domain().
Result<SendingDomain> decode_domain(std::string_view octets, const std::string& name);

}  // namespace waypost::domains
