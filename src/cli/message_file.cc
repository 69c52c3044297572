#include "cli/message_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "cli/terminal.h"
#include "io/stream_file.h"

namespace waypost::cli {
namespace {

constexpr uint64_t piece_octets = 256 * 1024;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::string_view separator = "\nFrom ";

// Of the line that stands in front of each message of a mailbox file, 0 where there is none. A
// field may have blanks in front of its colon (RFC 5322 §4.5).
size_t mailbox_line_octets(std::string_view octets) {
  if (!octets.starts_with(separator.substr(1))) return 0;
  const size_t behind = octets.find_first_not_of(" \t", separator.size() - 1);
  if (behind == std::string_view::npos || octets[behind] == ':') return 0;
  return std::min(octets.find('\n'), octets.size() - 1) + 1;
}

}  // namespace

MessageFile::MessageFile(std::string path)
    : path_(std::move(path)), disk_(io::make_system_disk()) {}

Result<std::unique_ptr<MessageFile>> MessageFile::open(const std::string& path) {
  std::unique_ptr<MessageFile> file(new MessageFile(path));
  if (io::is_stream(path)) {
    TRY(file->whole_, io::read_stream(path, message_stream_octets_max));
  }
  TRY_VOID(file->find_message());
  file->block_ = message::scan_header_block(file->start_);
  return file;
}

Result<std::string> MessageFile::read(uint64_t offset, uint64_t octets) const {
  if (!whole_) return disk_->read_range(path_, offset, octets);
  return whole_->substr(std::min<uint64_t>(offset, whole_->size()), octets);
}

Result<void> MessageFile::find_message() {
  TRY(start_, read(0, message::header_block_octets_max));
  if (start_.starts_with(byte_order_mark)) begin_ = byte_order_mark.size();
  const size_t line = mailbox_line_octets(std::string_view(start_).substr(begin_));
  in_mailbox_ = line > 0;
  begin_ += line;
  if (begin_ == 0) return {};
  TRY(start_, read(begin_, message::header_block_octets_max));
  // A message without a body ends in front of the next one.
  if (in_mailbox_)
    start_ = start_.substr(0, std::min(start_.find(separator), start_.size() - 1) + 1);
  return {};
}

bool MessageFile::lines_end_with_lf() const {
  const size_t line_feed = start_.find('\n');
  return line_feed != std::string::npos && (line_feed == 0 || start_[line_feed - 1] != '\r');
}

std::string MessageFile::header_fault() const {
  if (block_.over_limit())
    return fmt::format("the header is too large to be checked: over {} octets or {} fields",
                       message::header_block_octets_max, message::header_fields_max);
  if (block_.ended_by != message::HeaderEnd::not_a_field) return "";
  constexpr size_t shown_octets = 60;
  const std::string_view rest = std::string_view(start_).substr(block_.body_offset, shown_octets);
  return fmt::format("{}, which is no field: \"{}\"",
                     block_.fields.empty() ? "this is no message: it begins with a line"
                                           : "the header ends at a line",
                     rest.substr(0, rest.find_first_of("\r\n")));
}

Result<void> MessageFile::read_from(uint64_t offset,
                                    const std::function<void(std::string_view)>& take) const {
  // The last octets of each piece stay until it is known that no separator begins with them.
  std::string held;
  while (true) {
    TRY(const std::string piece, read(begin_ + offset, piece_octets));
    offset += piece.size();
    if (!in_mailbox_) {
      if (piece.empty()) return {};
      take(piece);
      continue;
    }
    held += piece;
    const size_t end = held.find(separator);
    const bool is_last = piece.empty() || end != std::string::npos;
    const size_t kept = is_last ? 0 : std::min(held.size(), separator.size() - 1);
    const size_t given = end == std::string::npos ? held.size() - kept : end + 1;
    take(std::string_view(held).substr(0, given));
    if (is_last) return {};
    held.erase(0, given);
  }
}

int unreadable_message(const Error& error) {
  report(error);
  return error.code() == ErrorCode::permission_denied ? exit_code::rights : exit_code::input;
}

}  // namespace waypost::cli
