#include "classify/pattern.h"

#include <algorithm>

#include <re2/filtered_re2.h>
#include <re2/re2.h>

#include "base/ascii.h"
#include "base/check.h"

namespace waypost::classify {
namespace {

// Shorter ones are in every text, and would only have patterns tried in vain.
constexpr int literal_octets_min = 3;

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return options;
}

bool found_in(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::PartialMatch({text.data(), text.size()}, pattern);
}

// Whether a capital letter stands for itself: not behind a backslash, not in a group's name or
// flag.
bool has_capital(std::string_view pattern) {
  for (size_t at = 0; at < pattern.size(); ++at) {
    char c = pattern[at];
    if (c == '\\') {
      ++at;
      bool property = at < pattern.size() && base::to_lower(pattern[at]) == 'p';  // \pL, \p{Greek}
      if (pattern.substr(std::min(at + 1, pattern.size())).starts_with('{'))
        at = std::min(pattern.find('}', at), pattern.size());
      else if (property)
        ++at;
    } else if (c == '(' && pattern.substr(at).starts_with("(?")) {
      at = std::min(pattern.find_first_of(":)>", at), pattern.size());
    } else if (c >= 'A' && c <= 'Z') {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string why_not_a_pattern(const std::string& pattern) {
  if (pattern.empty()) return "it is empty";
  re2::RE2 compiled(pattern, options());
  if (!compiled.ok()) return compiled.error();
  if (found_in(compiled, "")) return "it is found in an empty text";
  if (has_capital(pattern))
    return "it has a capital letter, and texts are searched in small letters";
  return {};
}

uint32_t LiteralSet::child(uint32_t node, char octet) const {
  uint32_t at = nodes_[node].child;
  while (at != none && nodes_[at].octet != octet) at = nodes_[at].sibling;
  return at;
}

uint32_t LiteralSet::child_or_new(uint32_t node, char octet) {
  uint32_t at = child(node, octet);
  if (at != none) return at;
  at = uint32_t(nodes_.size());
  nodes_.push_back({octet, none, nodes_[node].child, -1});
  nodes_[node].child = at;
  return at;
}

void LiteralSet::build(std::span<const std::string> literals) {
  for (size_t i = 0; i < literals.size(); ++i) {
    const std::string& literal = literals[i];
    std::vector<uint32_t>& seconds = starts_[static_cast<unsigned char>(literal[0])];
    seconds.resize(octet_values, none);
    uint32_t& start = seconds[static_cast<unsigned char>(literal[1])];
    if (start == none) {
      start = uint32_t(nodes_.size());
      nodes_.push_back({});
    }
    uint32_t node = start;
    for (size_t at = 2; at < literal.size(); ++at) node = child_or_new(node, literal[at]);
    nodes_[node].literal = int(i);
  }
}

void LiteralSet::search(std::string_view text, std::vector<int>& found) const {
  for (size_t at = 0; at + 1 < text.size(); ++at) {
    const std::vector<uint32_t>& seconds = starts_[static_cast<unsigned char>(text[at])];
    if (seconds.empty()) continue;
    uint32_t node = seconds[static_cast<unsigned char>(text[at + 1])];
    for (size_t next = at + 2; node != none; ++next) {
      if (nodes_[node].literal >= 0) found.push_back(nodes_[node].literal);
      if (next == text.size()) break;
      node = child(node, text[next]);
    }
  }
}

PatternSet::PatternSet() : patterns_(std::make_unique<re2::FilteredRE2>(literal_octets_min)) {}
PatternSet::~PatternSet() = default;

size_t PatternSet::add(const std::string& pattern) {
  int number = -1;
  CHECK(patterns_->Add(pattern, options(), &number) == re2::RE2::NoError);
  ++size_;
  return size_t(number);
}

void PatternSet::compile() {
  if (size_ == 0) return;
  std::vector<std::string> literals;
  patterns_->Compile(&literals);
  literals_.build(literals);
}

void PatternSet::possible(std::string_view text, std::vector<int>& numbers) const {
  numbers.clear();
  if (size_ == 0) return;
  thread_local std::vector<int> literals;
  literals.clear();
  literals_.search(text, literals);
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  patterns_->AllPotentials(literals, &numbers);
  std::sort(numbers.begin(), numbers.end());
}

bool PatternSet::is_found(size_t number, std::string_view text) const {
  return found_in(patterns_->GetRE2(int(number)), text);
}

NormalText::Span PatternSet::hit(size_t number, std::string_view text) const {
  re2::StringPiece hit;
  if (!patterns_->GetRE2(int(number))
           .Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, &hit, 1))
    return {};
  size_t begin = size_t(hit.data() - text.data());
  return {begin, begin + hit.size()};
}

PatternList::PatternList(std::span<const std::string> patterns) {
  for (const std::string& pattern : patterns)
    patterns_.push_back(std::make_unique<re2::RE2>(pattern, options()));
}

PatternList::~PatternList() = default;

bool PatternList::any_found(std::string_view text) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const auto& pattern) { return found_in(*pattern, text); });
}

bool PatternList::all_found(std::string_view text) const {
  return std::all_of(patterns_.begin(), patterns_.end(),
                     [&](const auto& pattern) { return found_in(*pattern, text); });
}

}  // namespace waypost::classify
