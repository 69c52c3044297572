#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace re2 {
class RE2;
}

// The only door to RE2 here: linear time and bounded memory whatever the text is.
namespace waypost::bounces {

// Empty when `pattern` can be used; so is an empty pattern.
std::string why_not_a_line_pattern(const std::string& pattern);

// A pattern in which `^` and `$` stand at the ends of lines, in any case of letters.
class LinePattern {
 public:
  LinePattern();  // finds nothing
  explicit LinePattern(const std::string& pattern);
  ~LinePattern();
  LinePattern(LinePattern&&) noexcept;
  LinePattern& operator=(LinePattern&&) noexcept;

  struct Match {
    size_t begin = 0;
    size_t end = 0;
    // Views into the text; empty when the pattern has no such group.
    std::string_view first;  // the first group that took part
    std::string_view address;
    std::string_view reply;
    std::string_view host;
  };

  explicit operator bool() const { return pattern_ != nullptr; }
  // The first match at `from` or behind it.
  std::optional<Match> find(std::string_view text, size_t from = 0) const;

 private:
  std::unique_ptr<re2::RE2> pattern_;
  int address_ = 0;
  int reply_ = 0;
  int host_ = 0;
};

}  // namespace waypost::bounces
