#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

// What the parts of io share that work on the system's files.
namespace waypost::io {

// Closes a descriptor when its scope ends.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor();
  int get() const { return value_; }
  bool valid() const { return value_ >= 0; }

 private:
  int value_;
};

// What errno says of `act` on `path`.
tl::unexpected<Error> system_error(const char* act, const std::string& path);

Result<void> write_all(int descriptor, std::string_view octets, const std::string& path);

// The names in it, so that new ones survive a power cut.
Result<void> sync_folder(const std::string& folder);

}  // namespace waypost::io
