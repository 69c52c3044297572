#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::message {

// Whether these are the octets of a gzip or zip archive.
bool is_packed(std::string_view octets);

// The files in `octets`, one at least: of a gzip or zip archive in their order, without folders,
// else the octets as they are. All together at most `octets_max`, so that a small file cannot
// become a large one, and `files_max`; what is more is resource_exhausted, and what does not decode
// invalid_input: such a failure stands behind the files that could be read. Any thread.
std::vector<base::Result<std::string>> unpack_files(std::string_view octets, size_t octets_max,
                                                    size_t files_max);

// The first of them.
base::Result<std::string> unpack(std::string_view octets, size_t octets_max);

}  // namespace waypost::message
