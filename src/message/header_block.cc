#include "message/header_block.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::message {
namespace {

constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr bool is_line_end(char c) { return c == '\r' || c == '\n'; }

// RFC 5322 §3.6.8: printable and neither a space nor a colon.
constexpr bool is_name(char c) { return c > 0x20 && c < 0x7f && c != ':'; }

// The name at the start of a line, or an empty view where the line is no field. Blanks in front of
// the colon are the obsolete form of RFC 5322 §4.5.8.
std::string_view field_name(std::string_view line) {
  const auto name_end = std::find_if_not(line.begin(), line.end(), is_name);
  const auto colon = std::find_if_not(name_end, line.end(), is_blank);
  if (colon == line.end() || *colon != ':') return {};
  return line.substr(0, size_t(name_end - line.begin()));
}

// The value in the octets of a field from its colon on.
std::string_view field_value(std::string_view from_colon) {
  std::string_view value = from_colon.substr(1);
  if (value.ends_with('\n')) value.remove_suffix(1);
  if (value.ends_with('\r')) value.remove_suffix(1);
  return base::trim(value);
}

class Scan {
 public:
  explicit Scan(std::string_view octets)
      : octets_(octets.substr(0, header_block_octets_max)),
        cut_(octets.size() >= header_block_octets_max) {}

  HeaderBlock run() && {
    while (take_line()) {
    }
    end_field();
    return std::move(block_);
  }

 private:
  // Takes one line; false when the header block ends there.
  bool take_line() {
    const size_t line_feed = octets_.find('\n', at_);
    const bool unfinished = line_feed == std::string_view::npos;
    if (unfinished && cut_) return end_at(at_, HeaderEnd::too_large);
    if (at_ == octets_.size()) return end_at(at_, HeaderEnd::end_of_input);
    const size_t next = unfinished ? octets_.size() : line_feed + 1;
    const std::string_view line = octets_.substr(at_, next - at_);

    if (line == "\r\n" || line == "\n") return end_at(next, HeaderEnd::blank_line);
    const bool continues = is_blank(line.front()) && in_field_;
    if (!continues) {
      const std::string_view name = field_name(line);
      if (name.empty()) return end_at(at_, HeaderEnd::not_a_field);
      end_field();
      if (block_.fields.size() == header_fields_max) return end_at(at_, HeaderEnd::too_many_fields);
      block_.fields.push_back({name, {}, at_, 0});
      in_field_ = true;
    }
    at_ = next;
    return true;
  }

  bool end_at(size_t body_offset, HeaderEnd ended_by) {
    block_.body_offset = body_offset;
    block_.ended_by = ended_by;
    return false;
  }

  // Closes the field that is open, in front of the line at `at_`.
  void end_field() {
    if (!in_field_) return;
    in_field_ = false;
    HeaderField& field = block_.fields.back();
    field.octets = at_ - field.offset;
    const std::string_view whole = octets_.substr(field.offset, field.octets);
    field.value = field_value(whole.substr(whole.find(':', field.name.size())));
  }

  std::string_view octets_;
  bool cut_;
  size_t at_ = 0;
  bool in_field_ = false;
  HeaderBlock block_;
};

}  // namespace

HeaderBlock scan_header_block(std::string_view octets) { return Scan(octets).run(); }

const HeaderField* HeaderBlock::find(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const HeaderField& field) {
    return base::equals_ignoring_case(field.name, name);
  });
  return found == fields.end() ? nullptr : &*found;
}

size_t HeaderBlock::count(std::string_view name) const {
  return size_t(std::count_if(fields.begin(), fields.end(), [&](const HeaderField& field) {
    return base::equals_ignoring_case(field.name, name);
  }));
}

std::string unfold(std::string_view value) {
  std::string line;
  line.reserve(value.size());
  std::copy_if(value.begin(), value.end(), std::back_inserter(line),
               [](char c) { return !is_line_end(c); });
  return line;
}

}  // namespace waypost::message
