#include "message/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <array>
#include <memory>

#include <fmt/format.h>

namespace waypost::message {
namespace {

struct Close {
  void operator()(archive* one) const { archive_read_free(one); }
};

bool is_packed(std::string_view octets) {
  return octets.starts_with("\x1f\x8b") || octets.starts_with("PK\x03\x04");
}

Error broken(archive* one) {
  const char* why = archive_error_string(one);
  return {ErrorCode::invalid_input,
          fmt::format("the archive cannot be read: {}", why == nullptr ? "cut off" : why)};
}

}  // namespace

base::Result<std::string> unpack(std::string_view octets, size_t octets_max) {
  if (!is_packed(octets)) {
    if (octets.size() > octets_max)
      return failure(ErrorCode::resource_exhausted, "the file is too large");
    return std::string(octets);
  }
  std::unique_ptr<archive, Close> reader(archive_read_new());
  // Named rather than guessed: what is guessed may be packed again, many times over.
  const bool is_gzip = octets.starts_with("\x1f\x8b");
  if (is_gzip) archive_read_append_filter(reader.get(), ARCHIVE_FILTER_GZIP);
  if (is_gzip)
    archive_read_support_format_raw(reader.get());
  else
    archive_read_support_format_zip(reader.get());
  if (archive_read_open_memory(reader.get(), octets.data(), octets.size()) != ARCHIVE_OK)
    return failure(broken(reader.get()));
  archive_entry* entry = nullptr;
  if (archive_read_next_header(reader.get(), &entry) < ARCHIVE_WARN)
    return failure(broken(reader.get()));
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    la_ssize_t got = archive_read_data(reader.get(), buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0) return failure(broken(reader.get()));
    if (text.size() + size_t(got) > octets_max)
      return failure(ErrorCode::resource_exhausted,
                     fmt::format("the archive holds more than {} octets", octets_max));
    text.append(buffer.data(), size_t(got));
  }
}

}  // namespace waypost::message
