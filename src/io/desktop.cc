#include "io/desktop.h"

#include <array>
#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

namespace waypost::io {

Result<void> open_in_browser(const std::string& url) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", O_RDWR, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  std::string program = "xdg-open", page = url;
  const std::array<char*, 3> arguments{program.data(), page.data(), nullptr};
  pid_t child = 0;
  const int failed =
      posix_spawnp(&child, program.c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (failed != 0) return failure(ErrorCode::not_found, "there is no xdg-open to show " + url);
  return {};
}

}  // namespace waypost::io
