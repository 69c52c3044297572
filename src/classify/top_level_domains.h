#pragma once

#include <cstddef>
#include <string_view>

namespace waypost::classify {

// Whether `last_label` ends a host name of `labels` labels in mail replies. Not every top-level
// domain, and one that is also a word ("rejected.To", "blocked.in") only after two other labels,
// since servers leave out the space between two sentences.
bool ends_host_name(std::string_view last_label, size_t labels);

}  // namespace waypost::classify
