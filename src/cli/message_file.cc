#include "cli/message_file.h"

#include "cli/terminal.h"

namespace waypost::cli {
namespace {

constexpr uint64_t piece_octets = 256 * 1024;

}  // namespace

MessageFile::MessageFile(std::string path, std::string start)
    : path_(std::move(path)),
      start_(std::move(start)),
      block_(message::scan_header_block(start_)),
      disk_(io::make_system_disk()) {}

Result<std::unique_ptr<MessageFile>> MessageFile::open(const std::string& path) {
  auto disk = io::make_system_disk();
  TRY(std::string start, disk->read_range(path, 0, message::header_block_octets_max));
  return std::unique_ptr<MessageFile>(new MessageFile(path, std::move(start)));
}

bool MessageFile::lines_end_with_lf() const {
  const size_t line_feed = start_.find('\n');
  return line_feed != std::string::npos && (line_feed == 0 || start_[line_feed - 1] != '\r');
}

Result<void> MessageFile::read_from(uint64_t offset,
                                    const std::function<void(std::string_view)>& take) const {
  while (true) {
    TRY(std::string piece, disk_->read_range(path_, offset, piece_octets));
    if (piece.empty()) return {};
    take(piece);
    offset += piece.size();
  }
}

int unreadable_message(const Error& error) {
  report(error);
  return error.code() == ErrorCode::permission_denied ? exit_code::rights : exit_code::input;
}

}  // namespace waypost::cli
