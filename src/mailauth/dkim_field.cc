#include "mailauth/dkim_field.h"

#include <algorithm>

#include "mailauth/dkim_base64.h"

namespace waypost::mailauth {
namespace {

constexpr size_t columns_max = 78;
constexpr std::string_view new_line = "\r\n\t";
constexpr size_t tab_columns = 8;

}  // namespace

TagFieldWriter::TagFieldWriter(std::string_view field_name) : octets_(field_name) {
  octets_ += ':';
  column_ = octets_.size();
}

// A word with the blank in front of it, on this line or on the next.
void TagFieldWriter::put(std::string_view word) {
  if (column_ + 1 + word.size() > columns_max) {
    octets_ += new_line;
    column_ = tab_columns;
  } else {
    octets_ += ' ';
    ++column_;
  }
  octets_ += word;
  column_ += word.size();
}

void TagFieldWriter::add(std::string_view tag, std::string_view value) {
  std::string word(tag);
  word += '=';
  word += value;
  word += ';';
  put(word);
}

void TagFieldWriter::add_list(std::string_view tag, const std::vector<std::string>& names) {
  std::string word(tag);
  word += '=';
  put(word);
  for (size_t i = 0; i < names.size(); ++i) {
    if (column_ + names[i].size() + 1 > columns_max) {
      octets_ += new_line;
      column_ = tab_columns;
    }
    octets_ += names[i];
    octets_ += i + 1 < names.size() ? ':' : ';';
    column_ += names[i].size() + 1;
  }
  if (names.empty()) octets_ += ';';
}

std::string TagFieldWriter::unsigned_octets() const {
  std::string octets = octets_;
  octets += new_line;
  octets += "b=";
  return octets;
}

std::string TagFieldWriter::finish(std::string_view signature) && {
  const std::string text = encode_base64(signature);
  octets_ += new_line;
  octets_ += "b=";
  size_t room = columns_max - tab_columns - 2;
  for (size_t at = 0; at < text.size();) {
    if (at > 0) octets_ += new_line;
    octets_.append(text, at, room);
    at += room;
    room = columns_max - tab_columns;
  }
  octets_ += "\r\n";
  return std::move(octets_);
}

}  // namespace waypost::mailauth
