#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace waypost::cli {

inline constexpr uint64_t dmarc_input_octets_max = 64 << 20;  // of one file or of standard input
inline constexpr size_t dmarc_input_files_max = 100'000;

// Gives `take` each message and file in `paths` with a name for it: "-" is standard input, of a
// folder all files below it are read, of a mailbox file every message. False when something could
// not be read; it was said.
bool for_each_dmarc_input(
    const std::vector<std::string>& paths,
    const std::function<void(const std::string& name, std::string_view octets)>& take);

}  // namespace waypost::cli
