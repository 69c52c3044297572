// A settings file: recognised, read as every dialect, looked at, and a change of it written. The
// first line is the file's name.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "settings/remarks.h"

namespace {

using namespace waypost::settings;

void look_at(const Settings& settings) {
  const std::string_view text = settings.text.reveal();
  for (const Assignment& assignment : settings.assignments)
    if (assignment.place.offset + assignment.place.length > text.size() ||
        assignment.key_offset > text.size() ||
        (assignment.is_secret && !assignment.place.raw.empty()))
      std::abort();
  Change change;
  change.host = "smtp.example.com";
  change.port = 587;
  change.encryption = Encryption::starttls;
  change.family = Family::ipv4;
  change.user = "user@example.com";
  size_t end = 0;
  for (const Edit& edit : edits(settings, change)) {
    if (edit.offset < end || edit.offset + edit.length > text.size()) std::abort();
    end = edit.offset + edit.length;
  }
  with_change(settings, change);
  remarks(settings, known_providers());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = std::min(text.find('\n'), text.size());
  const std::string_view file = text.substr(0, line);
  text.remove_prefix(std::min(line + 1, text.size()));
  if (const auto settings = read(text, std::nullopt, file)) look_at(*settings);
  for (int dialect = 0; dialect <= int(Dialect::waypost); ++dialect)
    if (const auto settings = read(text, Dialect(dialect), file)) look_at(*settings);
  return 0;
}
