#include "cli/dmarc_inputs.h"

#include <array>
#include <cerrno>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "io/disk.h"
#include "io/folders.h"
#include "message/received_dmarc.h"

namespace waypost::cli {
namespace {

using Take = std::function<void(const std::string& name, std::string_view octets)>;

Result<std::string> standard_input() {
  std::string octets;
  std::array<char, 64 * 1024> block;
  while (octets.size() <= dmarc_input_octets_max) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got == 0) return octets;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(base::system_failure(errno, "reading standard input"));
    octets.append(block.data(), size_t(got));
  }
  return failure(ErrorCode::resource_exhausted,
                 fmt::format("standard input is longer than {} octets", dmarc_input_octets_max));
}

void take_messages(const std::string& name, std::string_view octets, const Take& take) {
  const std::vector<std::string_view> messages = message::messages_of_mbox(octets);
  for (size_t i = 0; i < messages.size(); ++i)
    take(messages.size() == 1 ? name : fmt::format("{}, message {}", name, i + 1), messages[i]);
}

bool take_one(const std::string& name, Result<std::string> octets, const Take& take) {
  if (!octets) {
    report(octets.error());
    return false;
  }
  take_messages(name, *octets, take);
  return true;
}

}  // namespace

bool for_each_dmarc_input(const std::vector<std::string>& paths, const Take& take) {
  auto disk = io::make_system_disk();
  bool all_read = true;
  for (const std::string& path : paths) {
    if (path == "-") {
      all_read &= take_one("standard input", standard_input(), take);
      continue;
    }
    Result<std::string> file = disk->read_file(path, dmarc_input_octets_max);
    auto below = file ? std::vector<io::ListedFile>() : io::files_below(path);
    if (file || !below || below->empty()) {
      all_read &= take_one(path, std::move(file), take);
      continue;
    }
    if (below->size() > dmarc_input_files_max) {
      note(fmt::format("waypost: {} holds {} files; only the first {} are read\n", path,
                       below->size(), dmarc_input_files_max));
      below->resize(dmarc_input_files_max);
      all_read = false;
    }
    for (const io::ListedFile& one : *below) {
      const std::string name = path + "/" + one.path;
      all_read &= take_one(name, disk->read_file(name, dmarc_input_octets_max), take);
    }
  }
  return all_read;
}

}  // namespace waypost::cli
