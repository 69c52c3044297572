#include "message/mime.h"

#include <algorithm>
#include <array>
#include <gmime/gmime.h>
#include <memory>
#include <mutex>

#include "base/ascii.h"
#include "message/header_block.h"
#include "message/plain_text.h"

namespace waypost::message {
namespace {

constexpr size_t readable_octets_max = 8 * 1024;

template <class T>
struct Unref {
  void operator()(T* object) const { g_object_unref(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Unref<T>>;

struct Free {
  void operator()(char* text) const { g_free(text); }
};
using OwnedText = std::unique_ptr<char, Free>;

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { g_mime_init(); });
}

std::string lower(const char* text) { return text == nullptr ? "" : base::to_lower(text); }

std::string type_of(GMimeObject* object) {
  GMimeContentType* type = g_mime_object_get_content_type(object);
  if (type == nullptr) return "text/plain";
  return lower(g_mime_content_type_get_media_type(type)) + "/" +
         lower(g_mime_content_type_get_media_subtype(type));
}

std::string parameter(GMimeObject* object, const char* name) {
  const char* value = g_mime_object_get_content_type_parameter(object, name);
  return value == nullptr ? "" : value;
}

// Kinds whose content some reader wants; for the rest the type is enough.
bool is_read(std::string_view type, std::string_view file) {
  if (type.starts_with("text/") || type.starts_with("message/")) return true;
  if (!type.starts_with("application/")) return false;
  constexpr std::array<std::string_view, 5> words{"gzip", "zip", "json", "xml", "tlsrpt"};
  auto has_word = [&](std::string_view text) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
      return text.find(word) != std::string_view::npos;
    });
  };
  std::string name = base::to_lower(file);
  return has_word(type) || name.ends_with(".gz") || has_word(name);
}

// `octets` may be the content of the part.
void take_text(std::string_view octets, const std::string& charset, MimePart& part) {
  part.cut = octets.size() > mime_text_octets_max;
  part.content = to_plain_text(octets, charset);
}

class Walk {
 public:
  Walk(MimeMessage& message, ReadFor whom) : message_(message), whom_(whom) {}

  void take(GMimeObject* object, size_t depth, size_t messages) {
    if (object == nullptr) return;
    if (depth > mime_depth_max || message_.parts.size() >= mime_parts_max) {
      message_.cut = true;
      return;
    }
    if (GMIME_IS_MULTIPART(object))
      take_multipart(GMIME_MULTIPART(object), depth, messages);
    else if (GMIME_IS_MESSAGE_PART(object))
      take_message(GMIME_MESSAGE_PART(object), depth, messages);
    else if (GMIME_IS_PART(object))
      take_leaf(GMIME_PART(object), depth, messages);
  }

 private:
  void take_multipart(GMimeMultipart* multipart, size_t depth, size_t messages) {
    for (int i = 0, count = g_mime_multipart_get_count(multipart); i < count; ++i)
      take(g_mime_multipart_get_part(multipart, i), depth + 1, messages);
    // A report whose boundaries are wrong stands there.
    for (const char* outside :
         {g_mime_multipart_get_prologue(multipart), g_mime_multipart_get_epilogue(multipart)})
      if (outside != nullptr && g_mime_multipart_get_count(multipart) == 0)
        add_text("text/plain", depth, messages, outside);
  }

  void take_message(GMimeMessagePart* part, size_t depth, size_t messages) {
    GMimeMessage* inner = g_mime_message_part_get_message(part);
    if (inner == nullptr) return;
    OwnedText header(g_mime_object_get_headers(GMIME_OBJECT(inner), nullptr));
    add_text(type_of(GMIME_OBJECT(part)), depth, messages, header.get());
    take(g_mime_message_get_mime_part(inner), depth + 1, messages + 1);
  }

  void take_leaf(GMimePart* part, size_t depth, size_t messages) {
    MimePart taken;
    taken.type = type_of(GMIME_OBJECT(part));
    if (const char* name = g_mime_part_get_filename(part)) taken.file = name;
    taken.depth = depth;
    taken.messages = messages;
    if (whom_ == ReadFor::people) {
      take_for_people(part, std::move(taken));
      return;
    }
    if (is_read(taken.type, taken.file)) taken.content = content_of(part);
    if (!taken.type.starts_with("application/") && !taken.content.empty())
      take_text(taken.content, parameter(GMIME_OBJECT(part), "charset"), taken);
    add(std::move(taken));
  }

  void take_for_people(GMimePart* part, MimePart taken) {
    GMimeObject* object = GMIME_OBJECT(part);
    taken.file = to_plain_text(taken.file, "");
    if (const char* id = g_mime_part_get_content_id(part)) taken.content_id = id;
    taken.attached = lower(g_mime_object_get_disposition(object)) == "attachment";
    std::string content = content_of(part);
    taken.octets = content.size();
    if (taken.type.starts_with("text/"))
      take_text(content, parameter(object, "charset"), taken);
    else if (taken.type.starts_with("image/"))
      taken.content = std::move(content);
    add(std::move(taken));
  }

  std::string content_of(GMimePart* part) {
    GMimeDataWrapper* wrapper = g_mime_part_get_content(part);
    if (wrapper == nullptr) return {};
    Owned<GMimeStream> memory(g_mime_stream_mem_new());
    g_mime_data_wrapper_write_to_stream(wrapper, memory.get());
    GByteArray* octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory.get()));
    if (octets->len > mime_file_octets_max) message_.cut = true;
    return {reinterpret_cast<const char*>(octets->data),
            std::min<size_t>(octets->len, mime_file_octets_max)};
  }

  void add_text(std::string type, size_t depth, size_t messages, const char* text) {
    MimePart taken;
    taken.type = std::move(type);
    taken.depth = depth;
    taken.messages = messages;
    if (text != nullptr) take_text(text, "", taken);
    taken.octets = taken.content.size();
    add(std::move(taken));
  }

  void add(MimePart part) {
    if (message_.parts.size() < mime_parts_max)
      message_.parts.push_back(std::move(part));
    else
      message_.cut = true;
  }

  MimeMessage& message_;
  ReadFor whom_;
};

std::string decoded_value(std::string_view value) {
  std::string text = unfold(value);
  if (text.find("=?") != std::string::npos) {
    OwnedText decoded(g_mime_utils_header_decode_text(nullptr, text.c_str()));
    text = decoded.get();
  }
  return to_plain_text(text, "");
}

// The library reads a group within a group by calling itself, as deep as an address field says. In
// no field of people do so many colons stand.
bool nests_groups(std::string_view field) {
  static constexpr std::string_view names[] = {
      "from:", "sender:", "reply-to:", "to:", "cc:", "bcc:", "resent-"};
  constexpr std::ptrdiff_t colons_max = 200;
  return std::any_of(
             std::begin(names), std::end(names),
             [&](std::string_view name) { return base::starts_with_ignoring_case(field, name); }) &&
         std::count(field.begin(), field.end(), ':') > colons_max;
}

// The line at `at` with the lines that continue it.
std::string_view folded_line(std::string_view octets, size_t at) {
  size_t end = octets.find('\n', at);
  while (end != std::string_view::npos && end + 1 < octets.size() &&
         (octets[end + 1] == ' ' || octets[end + 1] == '\t'))
    end = octets.find('\n', end + 1);
  return octets.substr(at, end == std::string_view::npos ? end : end - at);
}

// The octets as far as they may be given to the library, which makes an object for each part and
// each field: cut where there are more of them than any report has.
std::string_view within_limits(std::string_view octets) {
  octets = octets.substr(0, mime_octets_max);
  size_t boundaries = 0;
  size_t fields = 0;
  for (size_t at = 0; at < octets.size();) {
    std::string_view start = octets.substr(at, 80);
    if (start.starts_with("--")) {
      if (++boundaries > mime_boundary_lines_max) return octets.substr(0, at);
    } else {
      size_t stop = start.find_first_of(": \t\r\n");
      const bool is_field = stop != std::string_view::npos && start[stop] == ':';
      if (is_field && (++fields > mime_field_lines_max || nests_groups(folded_line(octets, at))))
        return octets.substr(0, at);
    }
    size_t end = octets.find('\n', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return octets;
}

// A header has one of the fields that every message has; a text may begin with "Error: ...".
bool is_header(const HeaderBlock& block) {
  constexpr std::array<const char*, 9> usual{"From",       "To",           "Subject",
                                             "Received",   "Return-Path",  "Date",
                                             "Message-ID", "MIME-Version", "Content-Type"};
  return std::any_of(usual.begin(), usual.end(),
                     [&](const char* name) { return block.find(name) != nullptr; });
}

// Behind blank lines and the line that separates messages in an mbox file.
std::string_view without_start(std::string_view octets) {
  size_t at = octets.find_first_not_of("\r\n");
  if (at == std::string_view::npos) return octets;
  octets.remove_prefix(at);
  if (octets.starts_with("From ")) {
    size_t end = octets.find('\n');
    octets.remove_prefix(end == std::string_view::npos ? octets.size() : end + 1);
  }
  return octets;
}

void take_apart(std::string_view octets, ReadFor whom, MimeMessage& message) {
  start_library();
  Owned<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(octets.data(), octets.size()));
  Owned<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  Owned<GMimeMessage> whole(g_mime_parser_construct_message(parser.get(), nullptr));
  if (whole == nullptr) return;
  GMimeObject* top = g_mime_message_get_mime_part(whole.get());
  if (top == nullptr) return;
  message.type = type_of(top);
  message.report_type = base::to_lower(parameter(top, "report-type"));
  Walk(message, whom).take(top, 0, 0);
}

MimePart only_text(std::string_view octets) {
  MimePart part;
  part.type = "text/plain";
  take_text(octets, "", part);
  part.octets = part.content.size();
  return part;
}

}  // namespace

std::string_view MimeMessage::field(std::string_view name) const {
  for (const MimeField& one : fields)
    if (base::equals_ignoring_case(one.name, name)) return one.value;
  return {};
}

const MimePart* MimeMessage::part(std::string_view wanted, size_t messages) const {
  for (const MimePart& one : parts)
    if (one.type == wanted && one.messages <= messages) return &one;
  return nullptr;
}

bool begins_with_header(std::string_view octets) {
  return is_header(scan_header_block(without_start(octets)));
}

std::string readable_value(std::string_view value) {
  start_library();
  const std::string decoded = decoded_value(value.substr(0, readable_octets_max));
  std::string text;
  for (size_t i = 0; i < decoded.size(); ++i) {
    const auto octet = static_cast<unsigned char>(decoded[i]);
    const auto next = static_cast<unsigned char>(i + 1 < decoded.size() ? decoded[i + 1] : 0);
    const bool is_c1 = octet == 0xc2 && next >= 0x80 && next < 0xa0;  // U+0080 to U+009F
    const bool is_blank = octet <= ' ' || octet == 0x7f || is_c1;
    if (!is_blank)
      text += decoded[i];
    else if (!text.empty() && text.back() != ' ')
      text += ' ';
    i += is_c1;
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

MimeMessage read_mime(std::string_view octets, ReadFor whom) {
  const std::string_view whole = without_start(octets);
  octets = within_limits(whole);
  MimeMessage message;
  HeaderBlock block = scan_header_block(octets);
  message.cut = octets.size() < whole.size() || block.over_limit();
  if (!is_header(block)) {
    message.type = "text/plain";
    message.parts.push_back(only_text(octets));
    return message;
  }
  start_library();
  for (const HeaderField& field : block.fields)
    message.fields.push_back({std::string(field.name), decoded_value(field.value)});
  take_apart(octets, whom, message);
  bool has_text = std::any_of(message.parts.begin(), message.parts.end(),
                              [](const MimePart& part) { return !part.content.empty(); });
  if (!has_text && whom == ReadFor::reports)
    message.parts.push_back(only_text(octets.substr(block.body_offset)));
  return message;
}

}  // namespace waypost::message
