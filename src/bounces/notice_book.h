#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bounces/line_pattern.h"
#include "bounces/notice_rule.h"
#include "classify/pattern.h"
#include "toml/diagnostic.h"

namespace waypost::bounces {

// A notice as text: what its rules are tried on.
struct NoticeText {
  std::string text;     // for people, up to the returned message
  std::string small;    // the same with small letters
  std::string subject;  // small letters, as is the next
  std::string mailer;
  std::string returned;  // what stands behind the notice: the returned message, or its header
  std::vector<std::string> failed;     // X-Failed-Recipients
  std::vector<std::string> mentioned;  // the addresses of the text, what it quotes aside
  std::string to;                      // to whom the notice is
  // What stands behind that many octets of the text may be of the returned message.
  size_t certain_octets = std::string::npos;
};

// The rules made ready. Any thread after it is made.
class NoticeBook {
 public:
  struct Style {
    NoticeRule rule;
    LinePattern recipient;
    LinePattern reply;
    LinePattern host;
  };

  explicit NoticeBook(std::vector<NoticeRule> rules, std::vector<std::string> returned);

  const std::vector<Style>& styles() const { return styles_; }
  // The styles that the notice may be in, in the order of the files.
  std::vector<const Style*> styles_of(const NoticeText& notice) const;
  // Where the returned message begins in a text with small letters; its size when it is not there.
  size_t returned_begin(std::string_view small) const;

 private:
  std::vector<Style> styles_;
  std::vector<std::string> returned_;
  classify::LiteralSet phrases_;
  std::vector<size_t> style_of_phrase_;
};

// rules/bounces as it was when the program was built. Read at the first call; any thread.
const NoticeBook& shipped_notices();

// How much of a notice is looked at.
inline constexpr size_t notice_text_octets_max = 64 * 1024;

}  // namespace waypost::bounces
