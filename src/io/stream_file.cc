#include "io/stream_file.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/descriptor.h"

namespace waypost::io {

bool is_stream(const std::string& path) {
  if (path == "-") return true;
  struct stat facts;
  if (::stat(path.c_str(), &facts) != 0) return false;
  return S_ISFIFO(facts.st_mode) || S_ISCHR(facts.st_mode) || S_ISSOCK(facts.st_mode);
}

Result<std::string> read_stream(const std::string& path, uint64_t octets_max) {
  const std::string name = path == "-" ? "standard input" : path;
  const Descriptor descriptor(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                                          : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!descriptor.valid()) return system_error("opening", name);
  std::string octets;
  std::array<char, 64 * 1024> block;
  while (octets.size() <= octets_max) {
    const ssize_t got = ::read(descriptor.get(), block.data(), block.size());
    if (got == 0) return octets;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("reading", name);
    octets.append(block.data(), size_t(got));
  }
  return failure(ErrorCode::resource_exhausted,
                 name + " is longer than " + std::to_string(octets_max) + " octets");
}

}  // namespace waypost::io
