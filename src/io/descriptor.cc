#include "io/descriptor.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace waypost::io {

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

tl::unexpected<Error> system_error(const char* act, const std::string& path) {
  return failure(base::system_failure(errno, std::string(act) + " " + path));
}

Result<void> write_all(int descriptor, std::string_view octets, const std::string& path) {
  while (!octets.empty()) {
    ssize_t count = ::write(descriptor, octets.data(), octets.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("writing", path);
    octets.remove_prefix(static_cast<size_t>(count));
  }
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.valid() || ::fsync(descriptor.get()) != 0)
    return system_error("syncing the folder", folder);
  return {};
}

}  // namespace waypost::io
