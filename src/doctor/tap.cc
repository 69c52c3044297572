#include "doctor/tap.h"

#include <algorithm>

namespace waypost::doctor {

io::Task<Result<size_t>> Tap::read(std::span<char> into, Instant deadline) {
  CO_TRY(size_t got, co_await stream_->read(into, deadline));
  seen_->append(into.data(), std::min(got, octets_max - std::min(octets_max, seen_->size())));
  co_return got;
}

}  // namespace waypost::doctor
