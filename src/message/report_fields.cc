#include "message/report_fields.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace waypost::message {
namespace {

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 60 && std::all_of(text.begin(), text.end(), [](char c) {
    return base::is_alnum(c) || c == '-' || c == '_';
  });
}

void append_line(std::string& value, std::string_view line) {
  if (value.size() >= report_value_octets_max) return;
  if (!value.empty()) value += ' ';
  value +=
      line.substr(0, report_value_octets_max - std::min(value.size(), report_value_octets_max));
}

// "\x{E9}" -> the character, as RFC 6533 §3 writes what is not ASCII.
void append_utf8(std::string& text, uint32_t code) {
  if (code < 0x80) {
    text += char(code);
  } else if (code < 0x800) {
    text += char(0xc0 | (code >> 6));
    text += char(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    text += char(0xe0 | (code >> 12));
    text += char(0x80 | ((code >> 6) & 0x3f));
    text += char(0x80 | (code & 0x3f));
  } else {
    text += char(0xf0 | (code >> 18));
    text += char(0x80 | ((code >> 12) & 0x3f));
    text += char(0x80 | ((code >> 6) & 0x3f));
    text += char(0x80 | (code & 0x3f));
  }
}

int hex_value(char c) {
  c = base::to_lower(c);
  if (base::is_digit(c)) return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string decode_utf8_address(std::string_view text) {
  std::string decoded;
  constexpr size_t digits_max = 6;
  for (size_t at = 0; at < text.size(); ++at) {
    if (!text.substr(at).starts_with("\\x{")) {
      decoded += text[at];
      continue;
    }
    size_t end = at + 3;
    uint32_t code = 0;
    while (end < text.size() && end - at - 3 < digits_max && hex_value(text[end]) >= 0)
      code = code * 16 + uint32_t(hex_value(text[end++]));
    if (end >= text.size() || text[end] != '}' || code < 0x20 || code > 0x10ffff) {
      decoded += text[at];
      continue;
    }
    append_utf8(decoded, code);
    at = end;
  }
  return base::to_valid_utf8(decoded);
}

// "<a@b> (some words)" -> "<a@b>".
std::string_view without_comment(std::string_view address) {
  size_t open = address.find(" (");
  if (open != std::string_view::npos) address = address.substr(0, open);
  return base::trim(address);
}

}  // namespace

std::string_view FieldGroup::find(std::string_view name) const {
  for (const ReportField& field : fields)
    if (field.name == name) return field.value;
  return {};
}

std::vector<FieldGroup> read_report_fields(std::string_view text) {
  std::vector<FieldGroup> groups;
  FieldGroup group;
  size_t taken = 0;
  auto end_group = [&] {
    if (!group.fields.empty()) groups.push_back(std::move(group));
    group = {};
  };
  while (!text.empty() && taken < report_fields_max) {
    size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (base::trim(line).empty()) {
      end_group();
      continue;
    }
    size_t colon = line.find(':');
    bool goes_on = line[0] == ' ' || line[0] == '\t';
    std::string_view name =
        colon == std::string_view::npos ? line : base::trim(line.substr(0, colon));
    if (!goes_on && colon != std::string_view::npos && is_name(name)) {
      ReportField field{base::to_lower(name), {}};
      append_line(field.value, base::trim(line.substr(colon + 1)));
      group.fields.push_back(std::move(field));
      ++taken;
    } else if (!group.fields.empty()) {
      append_line(group.fields.back().value, base::trim(line));
    }
  }
  end_group();
  return groups;
}

std::string_view type_before(std::string_view value) {
  size_t end = value.find(';');
  if (end == std::string_view::npos) return {};
  std::string_view type = base::trim(value.substr(0, end));
  bool is_type = !type.empty() && std::all_of(type.begin(), type.end(), [](char c) {
    return base::is_alnum(c) || c == '-' || c == '/' || c == '_';
  });
  return is_type ? type : std::string_view();
}

std::string_view without_type(std::string_view value) {
  if (type_before(value).empty()) return base::trim(value);
  return base::trim(value.substr(value.find(';') + 1));
}

std::string report_address(std::string_view value) {
  std::string_view type = type_before(value);
  std::string_view address = without_comment(without_type(value));
  size_t open = address.rfind('<');
  if (open != std::string_view::npos && address.ends_with('>'))
    address = address.substr(open + 1, address.size() - open - 2);
  bool is_quoted = address.size() > 2 && address.front() == '"' && address.back() == '"';
  if (is_quoted || (address.size() > 2 && address.front() == '\'' && address.back() == '\''))
    address = address.substr(1, address.size() - 2);
  address = base::trim(address);
  if (address.starts_with('<')) address.remove_prefix(1);
  if (address.ends_with('>')) address.remove_suffix(1);
  // A source route (RFC 5321 appendix C).
  if (address.starts_with('@')) {
    size_t end = address.find(':');
    address = end == std::string_view::npos ? std::string_view() : address.substr(end + 1);
  }
  return base::equals_ignoring_case(type, "utf-8") ? decode_utf8_address(address)
                                                   : std::string(address);
}

}  // namespace waypost::message
