#include "spool/log_tail.h"

#include <algorithm>
#include <memory>
#include <vector>

#include <boost/crc.hpp>
#include <fmt/format.h>
#include <rocksdb/env.h>

namespace waypost::spool {
namespace {

constexpr size_t block_octets = 32 * 1024;
constexpr size_t header_octets = 7;
constexpr size_t batch_header_octets = 12;
constexpr std::string_view mark_words = "synced up to ";

enum class Fragment : uint8_t { whole = 1, first = 2, middle = 3, last = 4 };

template <typename Number>
Number little_endian(std::string_view octets) {
  Number value = 0;
  for (size_t i = sizeof(Number); i-- > 0;)
    value = Number(value << 8 | static_cast<uint8_t>(octets[i]));
  return value;
}

// RocksDB's: a checksum of data that holds checksums is rotated and shifted.
uint32_t masked_crc(std::string_view octets) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(octets.data(), octets.size());
  uint32_t sum = crc.checksum();
  return (sum >> 15 | sum << 17) + 0xa282ead8u;
}

struct Piece {
  Fragment type;
  std::string_view payload;
  size_t end;  // offset behind it
};

// The fragment at `offset`; none when there is no whole one.
std::optional<Piece> piece_at(std::string_view log, size_t offset) {
  const size_t block_end = std::min(log.size(), (offset / block_octets + 1) * block_octets);
  if (offset + header_octets > block_end) return std::nullopt;
  std::string_view header = log.substr(offset, header_octets);
  const auto type = static_cast<uint8_t>(header[6]);
  const size_t length = little_endian<uint16_t>(header.substr(4));
  const size_t end = offset + header_octets + length;
  if (type < uint8_t(Fragment::whole) || type > uint8_t(Fragment::last) || end > block_end)
    return std::nullopt;
  if (little_endian<uint32_t>(header) != masked_crc(log.substr(offset + 6, 1 + length)))
    return std::nullopt;
  return Piece{Fragment(type), log.substr(offset + header_octets, length), end};
}

// Where the next fragment is looked for: not in the last octets of a block, which hold no header.
size_t next_start(size_t offset) {
  const size_t left = block_octets - offset % block_octets;
  return left < header_octets ? offset + left : offset;
}

// The sequence number of a batch's last operation; of an empty one, of what was before it.
uint64_t last_sequence(std::string_view batch) {
  if (batch.size() < batch_header_octets) return 0;
  const uint64_t behind = little_endian<uint64_t>(batch) + little_endian<uint32_t>(batch.substr(8));
  return behind == 0 ? 0 : behind - 1;
}

// What the beginning of a batch says is synced.
std::optional<uint64_t> mark_of(std::string_view batch) {
  constexpr char log_data = 3;  // the tag of an operation that is none; then its length
  const size_t text = batch_header_octets + 2;
  const size_t mark_octets = mark_words.size() + sizeof(uint64_t);
  if (batch.size() < text + mark_octets || batch[batch_header_octets] != log_data ||
      static_cast<uint8_t>(batch[batch_header_octets + 1]) != mark_octets ||
      batch.substr(text, mark_words.size()) != mark_words)
    return std::nullopt;
  return little_endian<uint64_t>(batch.substr(text + mark_words.size()));
}

// Walks the records of one log.
struct Walk {
  size_t whole_octets = 0;  // up to the end of the last whole record
  uint64_t sequence = 0;    // of its last operation; 0: there is none
  bool irregular = false;   // something stands behind it

  explicit Walk(std::string_view log) {
    bool inside = false;
    uint64_t of_this = 0;
    size_t at = 0;
    while (auto piece = piece_at(log, at = next_start(at))) {
      const bool begins = piece->type == Fragment::whole || piece->type == Fragment::first;
      if (begins == inside) break;
      if (begins) of_this = last_sequence(piece->payload);
      inside = piece->type == Fragment::first || piece->type == Fragment::middle;
      at = piece->end;
      if (inside) continue;
      whole_octets = at;
      sequence = std::max(sequence, of_this);
    }
    irregular = log.find_first_not_of('\0', whole_octets) != std::string_view::npos;
  }
};

// The greatest mark in any fragment behind `offset` that is whole.
uint64_t greatest_mark(std::string_view log, size_t offset) {
  uint64_t greatest = 0;
  while (offset < log.size()) {
    auto piece = piece_at(log, offset);
    if (!piece) {
      ++offset;
      continue;
    }
    if (piece->type == Fragment::whole || piece->type == Fragment::first)
      greatest = std::max(greatest, mark_of(piece->payload).value_or(0));
    offset = piece->end;
  }
  return greatest;
}

tl::unexpected<Error> failed(const rocksdb::Status& status, std::string doing) {
  return failure(Error(ErrorCode::io_failure, status.ToString()).while_doing(std::move(doing)));
}

// The logs' names, oldest first.
Result<std::vector<std::string>> logs_of(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (rocksdb::Status status = env.GetChildren(folder, &names); !status.ok())
    return failed(status, "listing " + folder);
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(".log"); });
  // Numbers of at least six digits, zeros in front.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

rocksdb::Status cut(rocksdb::Env& env, const std::string& path, uint64_t octets) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.ReopenWritableFile(path, &file, {});
  if (status.ok()) status = file->Truncate(octets);
  if (status.ok()) status = file->Sync();
  if (file) file->Close().PermitUncheckedError();
  return status;
}

}  // namespace

std::string sync_mark(uint64_t sequence) {
  std::string mark(mark_words);
  for (size_t i = 0; i < sizeof sequence; ++i) mark.push_back(char(sequence >> (8 * i)));
  return mark;
}

Result<std::optional<TornTail>> cut_torn_tail(rocksdb::Env& env, const std::string& folder) {
  TRY(std::vector<std::string> names, logs_of(env, folder));
  std::optional<TornTail> torn;
  uint64_t sequence = 0;  // of the last whole record before the tear
  uint64_t kept_octets = 0;
  std::vector<std::string> emptied;
  for (const std::string& name : names) {
    std::string log;
    if (auto status = rocksdb::ReadFileToString(&env, folder + "/" + name, &log); !status.ok())
      return failed(status, "reading the log " + name);
    size_t behind = 0;
    if (!torn) {
      const Walk walk(log);
      sequence = std::max(sequence, walk.sequence);
      if (!walk.irregular) continue;
      torn = TornTail{0, name};
      kept_octets = behind = walk.whole_octets;
    } else {
      emptied.push_back(name);
    }
    torn->octets += log.size() - behind;
    if (greatest_mark(log, behind) > sequence)
      return failure(
          ErrorCode::corrupt,
          fmt::format("the log {} is damaged at octet {}, and what stands there had been "
                      "synced: mail may be missing",
                      torn->file, kept_octets));
  }
  if (!torn) return torn;
  auto status = cut(env, folder + "/" + torn->file, kept_octets);
  for (const std::string& name : emptied)
    if (status.ok()) status = cut(env, folder + "/" + name, 0);
  if (!status.ok()) return failed(status, "cutting off the torn end of the log " + torn->file);
  return torn;
}

}  // namespace waypost::spool
