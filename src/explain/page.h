#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace waypost::explain {

enum class Tone { plain, title, quote, fix, verdict };

struct PageLine {
  std::string text;
  Tone tone = Tone::plain;
};

// A page for a terminal: lines of at most columns_max columns, wrapped between words. Text from
// outside is made safe: control characters escaped, octets that are not UTF-8 replaced.
class Page {
 public:
  static constexpr size_t columns_max = 80;

  // One line: name, title, and `right` at its end; the title on the next line when it has no room.
  void headline(std::string_view name, std::string_view title, std::string_view right = {});
  void blank();
  // Wrapped, each line behind `indent` spaces.
  void paragraph(std::string_view text, size_t indent, Tone tone = Tone::plain);
  // "  Fix     text", the next lines below the text.
  void labelled(std::string_view label, std::string_view text, Tone tone = Tone::plain);
  // Steps [first, last): the first of all is the fix; what begins with "Or" is another way.
  void remedy(const std::vector<std::string>& steps, size_t first = 0, size_t last = size_t(-1));
  // One line behind `indent` spaces, never wrapped, so that it can be copied as it is: a command, a
  // line of a settings file.
  void whole(std::string_view text, size_t indent, Tone tone = Tone::plain);
  // A setting as the program has it, whole, beside its name or, where it has no room there, below.
  void setting(std::string_view program, std::string_view text, size_t indent);
  // As it is.
  void line(std::string_view text, Tone tone = Tone::plain);
  // What a server said, in at most `lines_max` lines.
  void quote(std::string_view text, size_t lines_max);

  const std::vector<PageLine>& lines() const { return lines_; }
  void append(const Page& other);
  // Without tones, each line ended.
  std::string plain_text() const;

 private:
  std::vector<PageLine> lines_;
};

}  // namespace waypost::explain
