#include "records/subject_words.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"
#include "events/event.h"
#include "message/plain_text.h"

namespace waypost::records {
namespace {

// Signs and blanks: U+00A0 to U+00BF, U+00D7, U+00F7, U+2000 to U+206F, U+3000 to U+303F.
bool is_between_words(std::string_view sequence) {
  if (sequence.size() == 2)
    return sequence[0] == '\xc2' || sequence == "\xc3\x97" || sequence == "\xc3\xb7";
  return sequence.starts_with("\xe2\x80") || sequence.starts_with("\xe2\x81") ||
         sequence.starts_with("\xe3\x80");
}

size_t sequence_octets(char first) {
  const auto octet = static_cast<unsigned char>(first);
  return octet < 0x80 ? 1 : octet < 0xe0 ? 2 : octet < 0xf0 ? 3 : 4;
}

bool is_of_word(std::string_view sequence) {
  return sequence.size() == 1 ? base::is_alnum(sequence[0]) : !is_between_words(sequence);
}

}  // namespace

std::string subject_words(std::string_view text) {
  const std::string caseless = message::caseless_text(text);
  const std::string_view rest = caseless;
  std::string words;
  bool is_in_word = false;
  for (size_t at = 0; at < rest.size();) {
    const std::string_view sequence = rest.substr(at, sequence_octets(rest[at]));
    at += sequence.size();
    const bool was_in_word = std::exchange(is_in_word, is_of_word(sequence));
    if (!is_in_word) continue;
    if (!was_in_word && !words.empty()) words += ' ';
    words += sequence;
  }
  return words;
}

std::vector<std::string> sought_words(std::string_view text) {
  std::vector<std::string> list;
  const std::string words =
      subject_words(base::first_characters(text, events::subject_characters_max));
  for (size_t begin = 0; begin < words.size() && list.size() < sought_words_max;) {
    const size_t end = std::min(words.find(' ', begin), words.size());
    list.push_back(words.substr(begin, end - begin));
    begin = end + 1;
  }
  return list;
}

bool has_words(std::string_view words, const std::vector<std::string>& sought) {
  return std::all_of(sought.begin(), sought.end(), [&](const std::string& word) {
    return words.starts_with(word) || words.find(" " + word) != words.npos;
  });
}

}  // namespace waypost::records
