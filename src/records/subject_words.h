#pragma once

#include <string>
#include <string_view>
#include <vector>

// The words of subjects, as the records are searched for them. Pure.
namespace waypost::records {

// Beyond so many nothing more is asked.
inline constexpr size_t sought_words_max = 8;

// The words of a text in their order, with one blank between two: letters and digits of ASCII, and
// all other characters that are no punctuation or blank of Latin text or of typesetters. Capitals
// and small letters are the same, as message::caseless_text() has it. `text` is valid UTF-8.
std::string subject_words(std::string_view text);

// The same as a list, sought_words_max at most; of a whole subject as much as is kept of it.
std::vector<std::string> sought_words(std::string_view text);

// Whether each of the words begins one of the subject's; `words` is of subject_words().
bool has_words(std::string_view words, const std::vector<std::string>& sought);

}  // namespace waypost::records
