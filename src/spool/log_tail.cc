#include "spool/log_tail.h"

#include <algorithm>
#include <charconv>
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
// In front of a mark: the tag of an operation that is none, and the length of what follows.
constexpr size_t mark_tag_octets = 2;
constexpr size_t identity_octets_max = 64;
constexpr size_t mark_numbers_octets = 2 * sizeof(uint64_t);

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

bool begins(Fragment type) { return type == Fragment::whole || type == Fragment::first; }
bool ends(Fragment type) { return type == Fragment::whole || type == Fragment::last; }

struct Record {
  uint64_t sequence = 0;  // of its last operation; of one without, of what was before it
  size_t end = 0;         // offset behind it
};

// The sequence number of a batch's last operation, from its header.
uint64_t last_sequence(std::string_view header) {
  if (header.size() < batch_header_octets) return 0;
  const uint64_t behind =
      little_endian<uint64_t>(header) + little_endian<uint32_t>(header.substr(8));
  return behind == 0 ? 0 : behind - 1;
}

// The record whose first fragment stands at `offset`; none when it is not whole.
std::optional<Record> record_at(std::string_view log, size_t offset) {
  auto piece = piece_at(log, offset);
  if (!piece || !begins(piece->type)) return std::nullopt;
  // At the end of a block it may be cut anywhere, so in its header too.
  std::string header;
  for (;;) {
    header += piece->payload.substr(0, batch_header_octets - header.size());
    if (ends(piece->type)) return Record{last_sequence(header), piece->end};
    piece = piece_at(log, next_start(piece->end));
    if (!piece || begins(piece->type)) return std::nullopt;
  }
}

// Walks the records of one log.
struct Walk {
  size_t whole_octets = 0;  // up to the end of the last whole record
  uint64_t sequence = 0;    // of its last operation; 0: there is none
  bool irregular = false;   // something stands behind it

  explicit Walk(std::string_view log) {
    while (auto record = record_at(log, next_start(whole_octets))) {
      whole_octets = record->end;
      sequence = std::max(sequence, record->sequence);
    }
    irregular = log.find_first_not_of('\0', whole_octets) != std::string_view::npos;
  }
};

struct Log {
  std::string path;
  uint64_t number;
};

struct Tear {
  Log log;
  uint64_t kept_octets;
  uint64_t sequence;  // of the last whole record before it
  uint64_t lost_octets = 0;
};

// Not longer than its length fits into one octet.
std::string mark_beginning(std::string_view identity) {
  return fmt::format("{} synced: ", identity.substr(0, identity_octets_max));
}

// Whether a mark behind `offset` says that what stands behind the tear was synced. One that a
// block's end cuts in two is passed over: each record has one.
bool was_synced(std::string_view log, size_t offset, const std::string& beginning,
                const Tear& tear) {
  constexpr size_t before = header_octets + batch_header_octets + mark_tag_octets;
  for (size_t at = log.find(beginning, offset + before); at != std::string_view::npos;
       at = log.find(beginning, at + 1)) {
    const size_t numbers_at = at + beginning.size();
    auto piece = piece_at(log, at - before);
    if (!piece || !begins(piece->type) || numbers_at + mark_numbers_octets > piece->end) continue;
    std::string_view numbers = log.substr(numbers_at);
    if (little_endian<uint64_t>(numbers) > tear.sequence &&
        little_endian<uint64_t>(numbers.substr(sizeof(uint64_t))) >= tear.log.number)
      return true;
  }
  return false;
}

tl::unexpected<Error> failed(const rocksdb::Status& status, std::string doing) {
  return failure(Error(ErrorCode::io_failure, status.ToString()).while_doing(std::move(doing)));
}

// Oldest first.
Result<std::vector<Log>> logs_of(rocksdb::Env& env, const std::string& folder) {
  std::vector<std::string> names;
  if (rocksdb::Status status = env.GetChildren(folder, &names); !status.ok())
    return failed(status, "listing " + folder);
  std::vector<Log> logs;
  for (const std::string& name : names) {
    uint64_t number = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && std::string_view(end) == ".log")
      logs.push_back({folder + "/" + name, number});
  }
  std::sort(logs.begin(), logs.end(),
            [](const Log& a, const Log& b) { return a.number < b.number; });
  return logs;
}

// What is to be left of a log.
struct Cut {
  Log log;
  uint64_t octets_before;
  uint64_t octets;
};

Result<void> sync_folder(rocksdb::Env& env, const std::string& folder) {
  std::unique_ptr<rocksdb::Directory> directory;
  rocksdb::Status status = env.NewDirectory(folder, &directory);
  if (status.ok()) status = directory->Fsync();
  if (!status.ok()) return failed(status, "syncing the folder " + folder);
  return {};
}

// Somebody may still want to look at it.
Result<void> keep_what_is_cut(rocksdb::Env& env, const std::string& folder,
                              const std::vector<Cut>& cuts) {
  const std::string kept = folder + "/torn";
  rocksdb::Status status = env.CreateDirIfMissing(kept);
  std::vector<std::string> names;
  if (status.ok()) status = env.GetChildren(kept, &names);
  for (const std::string& name : names)
    if (status.ok()) status = env.DeleteFile(kept + "/" + name);
  for (const Cut& cut : cuts) {
    if (cut.octets == cut.octets_before) continue;
    std::string octets;
    if (status.ok()) status = rocksdb::ReadFileToString(&env, cut.log.path, &octets);
    const std::string name = cut.log.path.substr(folder.size());
    if (status.ok()) status = rocksdb::WriteStringToFile(&env, octets, kept + name, true);
  }
  if (!status.ok()) return failed(status, "keeping what is cut off a log in " + kept);
  TRY_VOID(sync_folder(env, kept));
  return sync_folder(env, folder);
}

Result<void> make(rocksdb::Env& env, const Cut& cut) {
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status = env.ReopenWritableFile(cut.log.path, &file, {});
  if (status.ok() && cut.octets != cut.octets_before) status = file->Truncate(cut.octets);
  if (status.ok()) status = file->Sync();
  if (file) file->Close().PermitUncheckedError();
  if (!status.ok()) return failed(status, "cutting off the torn end of the log " + cut.log.path);
  return {};
}

std::string marked_file(const std::string& folder) { return folder + "/MARKED"; }

// Of the database, when all its logs' records have marks with it.
std::optional<std::string> marked_identity(rocksdb::Env& env, const std::string& folder) {
  std::string identity;
  std::string marked;
  if (!rocksdb::ReadFileToString(&env, folder + "/IDENTITY", &identity).ok() ||
      !rocksdb::ReadFileToString(&env, marked_file(folder), &marked).ok() || identity != marked)
    return std::nullopt;
  while (identity.ends_with('\n')) identity.pop_back();
  if (identity.empty()) return std::nullopt;
  return identity;
}

}  // namespace

std::string sync_mark(const Synced& synced) {
  std::string mark = mark_beginning(synced.identity);
  for (uint64_t number : {synced.sequence, synced.log})
    for (size_t i = 0; i < sizeof number; ++i) mark.push_back(char(number >> (8 * i)));
  return mark;
}

Result<std::optional<TornTail>> cut_torn_tail(rocksdb::Env& env, const std::string& folder) {
  const std::optional<std::string> identity = marked_identity(env, folder);
  if (!identity) return std::nullopt;
  const std::string beginning = mark_beginning(*identity);
  TRY(std::vector<Log> logs, logs_of(env, folder));
  std::optional<Tear> tear;
  uint64_t sequence = 0;
  std::vector<Cut> cuts;
  for (const Log& log : logs) {
    std::string octets;
    if (auto status = rocksdb::ReadFileToString(&env, log.path, &octets); !status.ok())
      return failed(status, "reading the log " + log.path);
    size_t kept = tear ? 0 : octets.size();
    if (!tear) {
      const Walk walk(octets);
      sequence = std::max(sequence, walk.sequence);
      if (walk.irregular) tear = Tear{log, kept = walk.whole_octets, sequence};
    }
    cuts.push_back({log, octets.size(), kept});
    if (!tear) continue;
    tear->lost_octets += octets.size() - kept;
    if (was_synced(octets, kept, beginning, *tear))
      return failure(ErrorCode::corrupt,
                     fmt::format("the log {} is damaged at octet {}, and what stands there had "
                                 "been synced: copy the folder away, then save what can be read "
                                 "with `waypost spool check --export FOLDER`, or restore a backup",
                                 tear->log.path, tear->kept_octets));
  }
  if (tear) TRY_VOID(keep_what_is_cut(env, folder, cuts));
  // The newest first: whenever this is cut short, the tear still stands before what is left.
  for (auto cut = cuts.rbegin(); cut != cuts.rend(); ++cut) TRY_VOID(make(env, *cut));
  if (!tear) return std::nullopt;
  return TornTail{tear->lost_octets, tear->log.path};
}

Result<void> note_that_logs_are_marked(rocksdb::Env& env, const std::string& folder) {
  if (marked_identity(env, folder)) return {};
  std::string identity;
  rocksdb::Status status = rocksdb::ReadFileToString(&env, folder + "/IDENTITY", &identity);
  if (status.ok()) status = rocksdb::WriteStringToFile(&env, identity, marked_file(folder), true);
  if (!status.ok()) return failed(status, "writing " + marked_file(folder));
  return sync_folder(env, folder);
}

}  // namespace waypost::spool
