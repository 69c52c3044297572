#include "bounces/line_pattern.h"

#include <array>
#include <map>

#include <re2/re2.h>

namespace waypost::bounces {
namespace {

constexpr int groups_max = 6;

re2::RE2::Options options() {
  re2::RE2::Options options;
  options.set_case_sensitive(false);
  options.set_log_errors(false);
  options.set_max_mem(4 << 20);
  return options;
}

std::string with_lines(const std::string& pattern) { return "(?m)" + pattern; }

std::string_view view(const re2::StringPiece& piece) { return {piece.data(), piece.size()}; }

}  // namespace

std::string why_not_a_line_pattern(const std::string& pattern) {
  if (pattern.empty()) return {};
  re2::RE2 compiled(with_lines(pattern), options());
  if (!compiled.ok()) return compiled.error();
  return compiled.NumberOfCapturingGroups() < groups_max ? "" : "it has too many groups";
}

LinePattern::LinePattern(const std::string& pattern) {
  if (pattern.empty()) return;
  pattern_ = std::make_unique<re2::RE2>(with_lines(pattern), options());
  const std::map<std::string, int>& groups = pattern_->NamedCapturingGroups();
  auto group = [&](const char* name) {
    auto found = groups.find(name);
    return found == groups.end() ? 0 : found->second;
  };
  address_ = group("address");
  reply_ = group("reply");
  host_ = group("host");
}

LinePattern::LinePattern() = default;
LinePattern::~LinePattern() = default;
LinePattern::LinePattern(LinePattern&&) noexcept = default;
LinePattern& LinePattern::operator=(LinePattern&&) noexcept = default;

std::optional<LinePattern::Match> LinePattern::find(std::string_view text, size_t from) const {
  if (pattern_ == nullptr || from > text.size()) return std::nullopt;
  std::array<re2::StringPiece, groups_max> found;
  int groups = pattern_->NumberOfCapturingGroups() + 1;
  bool matches = pattern_->Match(re2::StringPiece(text.data(), text.size()), from, text.size(),
                                 re2::RE2::UNANCHORED, found.data(), groups);
  if (!matches) return std::nullopt;
  auto named = [&](int group) {
    return group == 0 ? std::string_view() : view(found[size_t(group)]);
  };
  Match match;
  match.begin = size_t(found[0].data() - text.data());
  match.end = match.begin + found[0].size();
  match.first = view(found[0]);
  for (int group = 1; group < groups; ++group)
    if (found[size_t(group)].data() != nullptr) {
      match.first = view(found[size_t(group)]);
      break;
    }
  match.address = named(address_);
  match.reply = named(reply_);
  match.host = named(host_);
  return match;
}

}  // namespace waypost::bounces
