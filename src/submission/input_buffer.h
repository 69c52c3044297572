#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace waypost::submission {

// Octets that have come and are not yet taken. Room for more is not cleared before it is filled,
// and what is taken is wiped, since it may have been a password.
class InputBuffer {
 public:
  InputBuffer() = default;
  InputBuffer(const InputBuffer&) = delete;
  InputBuffer& operator=(const InputBuffer&) = delete;
  ~InputBuffer() { drop(octets().size()); }

  // Views live until the next call of another function.
  std::string_view octets() const { return {storage_.get() + begin_, end_ - begin_}; }
  // Room behind what is there, of exactly this size.
  std::span<char> room(size_t octets);
  // So many were put at the beginning of that room.
  void received(size_t octets) { end_ += octets; }
  // The first ones were used.
  void drop(size_t octets);

 private:
  void wipe(size_t octets);

  std::unique_ptr<char[]> storage_;
  size_t capacity_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace waypost::submission
