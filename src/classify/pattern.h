#pragma once

#include <array>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "classify/normal_text.h"

namespace re2 {
class FilteredRE2;
class RE2;
}  // namespace re2

// The only door to RE2: what rule files call a pattern is a regular expression of its syntax, read
// with linear time and bounded memory whatever the text is.
namespace waypost::classify {

// Empty when `pattern` can be used.
std::string why_not_a_pattern(const std::string& pattern);

// Many texts, looked for in one text all at once.
class LiteralSet {
 public:
  // Each has two octets or more; search() reports it by its index. Once.
  void build(std::span<const std::string> literals);
  // Appends the index of each literal that is in `text`, maybe more than once.
  void search(std::string_view text, std::vector<int>& found) const;

 private:
  static constexpr uint32_t none = uint32_t(-1);
  static constexpr size_t octet_values = 256;
  struct Node {
    char octet = 0;
    uint32_t child = none;  // the first
    uint32_t sibling = none;
    int literal = -1;  // that ends here
  };

  uint32_t child(uint32_t node, char octet) const;
  uint32_t child_or_new(uint32_t node, char octet);

  // By first octet, then by second, since most of a text gets no further than that.
  std::array<std::vector<uint32_t>, octet_values> starts_;
  std::vector<Node> nodes_;
};

// Many patterns, of which only those need be tried whose literal parts are in the text.
class PatternSet {
 public:
  PatternSet();
  ~PatternSet();

  // The number by which search() will report it; counts from 0. Patterns must be usable.
  size_t add(const std::string& pattern);
  size_t size() const { return size_; }
  // After the last add(), before the first search().
  void compile();
  // The numbers of the patterns that may be found in `text`, ascending: the others lack a literal
  // part. Any thread.
  void possible(std::string_view text, std::vector<int>& numbers) const;
  bool is_found(size_t number, std::string_view text) const;
  // What the pattern hits first in `text`; empty when it is not found.
  NormalText::Span hit(size_t number, std::string_view text) const;

 private:
  std::unique_ptr<re2::FilteredRE2> patterns_;
  LiteralSet literals_;
  size_t size_ = 0;
};

// A few patterns, tried one after the other.
class PatternList {
 public:
  explicit PatternList(std::span<const std::string> patterns);
  ~PatternList();

  bool any_found(std::string_view text) const;
  bool all_found(std::string_view text) const;

 private:
  std::vector<std::unique_ptr<re2::RE2>> patterns_;
};

}  // namespace waypost::classify
