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

Error broken(archive* one) {
  const char* why = archive_error_string(one);
  return {ErrorCode::invalid_input,
          fmt::format("the archive cannot be read: {}", why == nullptr ? "cut off" : why)};
}

// Named rather than guessed: what is guessed may be packed again, many times over.
std::unique_ptr<archive, Close> reader_of(std::string_view octets) {
  std::unique_ptr<archive, Close> reader(archive_read_new());
  if (octets.starts_with("\x1f\x8b")) {
    archive_read_append_filter(reader.get(), ARCHIVE_FILTER_GZIP);
    archive_read_support_format_raw(reader.get());
  } else {
    archive_read_support_format_zip(reader.get());
  }
  return reader;
}

// What macOS puts beside each file is none that somebody packed.
bool is_wanted(archive_entry* entry) {
  const char* path = archive_entry_pathname(entry);
  const std::string_view name = path == nullptr ? "" : path;
  return archive_entry_filetype(entry) == AE_IFREG && !name.starts_with("__MACOSX/");
}

base::Result<std::string> read_file(archive* reader, size_t octets_max) {
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const la_ssize_t got = archive_read_data(reader, buffer.data(), buffer.size());
    if (got == 0) return text;
    if (got < 0) return failure(broken(reader));
    if (text.size() + size_t(got) > octets_max)
      return failure(ErrorCode::resource_exhausted, "the archive holds more than can be unpacked");
    text.append(buffer.data(), size_t(got));
  }
}

}  // namespace

bool is_packed(std::string_view octets) {
  return octets.starts_with("\x1f\x8b") || octets.starts_with("PK\x03\x04");
}

std::vector<base::Result<std::string>> unpack_files(std::string_view octets, size_t octets_max,
                                                    size_t files_max) {
  std::vector<base::Result<std::string>> files;
  auto end_with = [&files](Error error) { files.emplace_back(failure(std::move(error))); };
  if (!is_packed(octets)) {
    if (octets.size() > octets_max)
      end_with({ErrorCode::resource_exhausted, "the file is too large"});
    else
      files.emplace_back(std::string(octets));
    return files;
  }
  const auto reader = reader_of(octets);
  archive_entry* entry = nullptr;
  int got = archive_read_open_memory(reader.get(), octets.data(), octets.size());
  while (got >= ARCHIVE_WARN) {
    got = archive_read_next_header(reader.get(), &entry);
    if (got == ARCHIVE_EOF) break;
    if (got < ARCHIVE_WARN || !is_wanted(entry)) continue;
    if (files.size() == files_max) {
      end_with({ErrorCode::resource_exhausted,
                fmt::format("the archive holds more than {} files", files_max)});
      return files;
    }
    files.push_back(read_file(reader.get(), octets_max));
    if (!files.back()) return files;
    octets_max -= files.back()->size();
  }
  if (got < ARCHIVE_WARN)
    end_with(broken(reader.get()));
  else if (files.empty())
    end_with({ErrorCode::invalid_input, "the archive holds no file"});
  return files;
}

base::Result<std::string> unpack(std::string_view octets, size_t octets_max) {
  return std::move(unpack_files(octets, octets_max, 1).front());
}

}  // namespace waypost::message
