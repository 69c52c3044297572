#include "cli/dmarc_inputs.h"

#include <fmt/format.h>

#include "cli/terminal.h"
#include "io/disk.h"
#include "io/folders.h"
#include "io/stream_file.h"
#include "message/received_dmarc.h"

namespace waypost::cli {
namespace {

using Take = std::function<void(const std::string& name, std::string_view octets)>;

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
    if (io::is_stream(path)) {
      all_read &= take_one(path == "-" ? "standard input" : path,
                           io::read_stream(path, dmarc_input_octets_max), take);
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
