#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace waypost::logs {

// Hands over the next octets of a file, as many as it likes; none at its end.
using ReadMore = std::function<Result<std::string_view>()>;

inline constexpr size_t log_block_octets = 4 << 20;

// Calls `take` for each line of what `more` hands over, without its end; a last line without an end
// counts. What gzip, bzip2, xz or zstd has packed is unpacked on the way (by its first octets).
// Lines over line_octets_max are cut. `take` says whether to go on. A file that is cut off or
// damaged is an error after the lines that could be read.
Result<void> for_each_log_line(const ReadMore& more,
                               const std::function<bool(std::string_view)>& take);

// Cuts octets that come in pieces into lines.
class LineCutter {
 public:
  // False when `take` said to stop.
  bool feed(std::string_view octets, const std::function<bool(std::string_view)>& take);
  // The last line, when it has no end.
  void finish(const std::function<bool(std::string_view)>& take);

 private:
  std::string rest_;
};

}  // namespace waypost::logs
