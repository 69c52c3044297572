#include "submission/input_buffer.h"

#include <algorithm>
#include <string.h>
#include <utility>

#include "base/check.h"

namespace waypost::submission {
namespace {

// An idle connection keeps no more memory than this for what it may receive.
constexpr size_t octets_kept = 4 * 1024;

}  // namespace

std::span<char> InputBuffer::room(size_t octets) {
  if (capacity_ - end_ < octets) {
    const size_t waiting = end_ - begin_;
    const size_t wanted = waiting + octets;
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    std::copy_n(storage_.get() + begin_, waiting, larger.get());
    wipe(waiting);
    storage_ = std::move(larger);
    capacity_ = wanted;
    begin_ = 0;
    end_ = waiting;
  }
  return {storage_.get() + end_, octets};
}

void InputBuffer::drop(size_t octets) {
  CHECK(octets <= end_ - begin_);
  wipe(octets);
  begin_ += octets;
  if (begin_ < end_) return;
  begin_ = end_ = 0;
  if (capacity_ <= octets_kept) return;
  storage_.reset();
  capacity_ = 0;
}

void InputBuffer::wipe(size_t octets) {
  if (octets > 0) explicit_bzero(storage_.get() + begin_, octets);
}

}  // namespace waypost::submission
