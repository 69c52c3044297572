#include "logs/log_source.h"

#include <archive.h>
#include <archive_entry.h>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "logs/line_reader.h"

namespace waypost::logs {
namespace {

bool is_packed(std::string_view octets) {
  return octets.starts_with("\x1f\x8b") || octets.starts_with("BZh") ||
         octets.starts_with(
             "\xfd"
             "7zXZ") ||
         octets.starts_with("\x28\xb5\x2f\xfd");
}

// What libarchive asks for its octets.
struct Feed {
  const ReadMore& more;
  std::string_view first;  // what was read to see whether it is packed
  std::optional<Error> error;
};

la_ssize_t feed_archive(archive*, void* data, const void** octets) {
  Feed& feed = *static_cast<Feed*>(data);
  std::string_view got = std::exchange(feed.first, {});
  if (got.empty()) {
    Result<std::string_view> more = feed.more();
    if (!more) {
      feed.error = more.error();
      return -1;
    }
    got = *more;
  }
  *octets = got.data();
  return la_ssize_t(got.size());
}

struct Close {
  void operator()(archive* one) const { archive_read_free(one); }
};

Error damaged(archive* one, const Feed& feed) {
  if (feed.error) return *feed.error;
  const char* why = archive_error_string(one);
  return {ErrorCode::corrupt,
          fmt::format("the packed log cannot be read: {}", why == nullptr ? "cut off" : why)};
}

Result<void> read_packed(Feed& feed, const std::function<bool(std::string_view)>& take) {
  std::unique_ptr<archive, Close> reader(archive_read_new());
  archive_read_support_filter_gzip(reader.get());
  archive_read_support_filter_bzip2(reader.get());
  archive_read_support_filter_xz(reader.get());
  archive_read_support_filter_zstd(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_entry* entry = nullptr;
  if (archive_read_open(reader.get(), &feed, nullptr, feed_archive, nullptr) != ARCHIVE_OK ||
      archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN)
    return failure(damaged(reader.get(), feed));
  LineCutter cutter;
  std::vector<char> buffer(log_block_octets);
  for (;;) {
    la_ssize_t got = archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (got < 0) {
      cutter.finish(take);
      return failure(damaged(reader.get(), feed));
    }
    if (got == 0) break;
    if (!cutter.feed({buffer.data(), size_t(got)}, take)) return {};
  }
  cutter.finish(take);
  return {};
}

}  // namespace

bool LineCutter::feed(std::string_view octets, const std::function<bool(std::string_view)>& take) {
  while (!octets.empty()) {
    const void* end = std::memchr(octets.data(), '\n', octets.size());
    if (end == nullptr) {
      if (rest_.size() < line_octets_max) rest_ += octets.substr(0, line_octets_max - rest_.size());
      return true;
    }
    size_t length = size_t(static_cast<const char*>(end) - octets.data());
    std::string_view line = octets.substr(0, length);
    octets.remove_prefix(length + 1);
    bool goes_on = true;
    if (rest_.empty()) {
      goes_on = take(line);
    } else {
      rest_ += line.substr(0, line_octets_max);
      goes_on = take(rest_);
      rest_.clear();
    }
    if (!goes_on) return false;
  }
  return true;
}

void LineCutter::finish(const std::function<bool(std::string_view)>& take) {
  if (!rest_.empty()) take(rest_);
  rest_.clear();
}

Result<void> for_each_log_line(const ReadMore& more,
                               const std::function<bool(std::string_view)>& take) {
  TRY(std::string_view octets, more());
  if (is_packed(octets)) {
    Feed feed{more, octets, std::nullopt};
    return read_packed(feed, take);
  }
  LineCutter cutter;
  while (!octets.empty()) {
    if (!cutter.feed(octets, take)) return {};
    TRY(octets, more());
  }
  cutter.finish(take);
  return {};
}

}  // namespace waypost::logs
