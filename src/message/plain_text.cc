#include "message/plain_text.h"

#include <algorithm>
#include <array>
#include <glib.h>
#include <iconv.h>
#include <memory>

#include "base/ascii.h"
#include "base/utf8.h"
#include "message/mime.h"

namespace waypost::message {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

std::string with_plain_line_ends(std::string_view octets) {
  std::string text;
  text.reserve(octets.size());
  for (size_t at = 0; at < octets.size(); ++at) {
    bool is_pair = octets[at] == '\r' && at + 1 < octets.size() && octets[at + 1] == '\n';
    if (is_pair || octets[at] == '\0') continue;
    text += octets[at] == '\r' ? '\n' : octets[at];
  }
  return text;
}

// Only what every charset reads the same; ESC and SO begin the shifts of ISO 2022.
bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c & 0x80) == 0 && c != 0x1b && c != 0x0e; });
}

class Converter {
 public:
  explicit Converter(const char* charset) : handle_(::iconv_open("UTF-8", charset)) {}
  ~Converter() {
    if (is_known()) ::iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool is_known() const { return handle_ != iconv_t(-1); }

  std::string convert(std::string octets) {
    std::string text;
    char* from = octets.data();
    size_t left = octets.size();
    while (left > 0) {
      std::array<char, 4096> buffer;
      char* to = buffer.data();
      size_t room = buffer.size();
      bool failed = ::iconv(handle_, &from, &left, &to, &room) == size_t(-1);
      text.append(buffer.data(), size_t(to - buffer.data()));
      bool is_full = failed && room < 16;
      if (!failed || is_full || left == 0) continue;
      text += replacement;
      ++from;
      --left;
    }
    return text;
  }

 private:
  iconv_t handle_;
};

using OwnedText = std::unique_ptr<gchar, decltype(&g_free)>;

OwnedText composed(const char* text, size_t octets) {
  return {g_utf8_normalize(text, gssize(octets), G_NORMALIZE_NFC), g_free};
}

}  // namespace

std::string to_plain_text(std::string_view octets, const std::string& charset) {
  octets = octets.substr(0, mime_text_octets_max);
  std::string name = base::to_lower(charset);
  bool is_wide =
      name.starts_with("utf-16") || name.starts_with("utf-32") || name.starts_with("ucs");
  std::string text = is_wide ? std::string(octets) : with_plain_line_ends(octets);
  if (!is_wide && is_plain_ascii(text)) return text;
  bool states_nothing = name.empty() || name == "us-ascii" || name == "utf-8";
  if (states_nothing || name.starts_with("iso-8859-1") || name == "windows-1252")
    if (base::is_utf8(text)) return text;
  if (name == "utf-8") return base::to_valid_utf8(text);
  Converter converter(states_nothing ? "WINDOWS-1252" : name.c_str());
  if (!converter.is_known()) return base::to_valid_utf8(text);
  std::string converted = converter.convert(std::move(text));
  return is_wide ? with_plain_line_ends(converted) : converted;
}

std::string caseless_text(std::string_view text) {
  if (is_plain_ascii(text)) return base::to_lower(text);
  const std::string valid = base::to_valid_utf8(text);
  const OwnedText whole = composed(valid.data(), valid.size());
  const OwnedText folded(g_utf8_casefold(whole.get(), -1), g_free);
  return composed(folded.get(), std::string_view(folded.get()).size()).get();
}

}  // namespace waypost::message
