#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

// What people name instead of a file: "-" for standard input, a pipe, what a shell makes of <(...).
namespace waypost::io {

// Whether it can be read once only, from its start to its end.
bool is_stream(const std::string& path);

// All that comes, until it ends. resource_exhausted when that is longer than `octets_max`. Blocks.
Result<std::string> read_stream(const std::string& path, uint64_t octets_max);

}  // namespace waypost::io
