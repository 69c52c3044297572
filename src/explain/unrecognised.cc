#include "explain/unrecognised.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "toml/wording.h"

namespace waypost::explain {
namespace {

// The text as a pattern: what is special in patterns escaped, white space as it may vary.
std::string as_pattern(std::string_view text) {
  std::string pattern;
  for (char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern;
}

// Without the codes that stand first: they are for `code` and `enhanced`.
std::string_view behind_codes(std::string_view normal) {
  auto is_code = [](char c) { return (c >= '0' && c <= '9') || c == '.' || c == ' ' || c == '-'; };
  size_t at = 0;
  while (at < normal.size() && is_code(normal[at])) ++at;
  return normal.substr(at);
}

}  // namespace

void Unrecognised::note(const classify::Reading& reading, const classify::NormalText& normal) {
  ++replies_;
  if (reading.rule != nullptr || normal.text.empty()) return;
  ++unrecognised_;
  auto found = texts_.find(normal.text);
  if (found == texts_.end()) {
    if (texts_.size() >= texts_max) return;
    Text text{normal.text, 0, {}};
    if (reading.by_code != nullptr) text.by_code = classify::slug(reading.reply_class);
    found = texts_.emplace(normal.text, std::move(text)).first;
  }
  ++found->second.count;
}

std::vector<Unrecognised::Text> Unrecognised::texts() const {
  std::vector<Text> texts;
  for (const auto& [normal, text] : texts_) texts.push_back(text);
  std::sort(texts.begin(), texts.end(), [](const Text& a, const Text& b) {
    return a.count != b.count ? a.count > b.count : a.normal < b.normal;
  });
  return texts;
}

std::string rule_stub(const Unrecognised::Text& text, size_t number) {
  std::string_view words = behind_codes(text.normal);
  return fmt::format(
      "# seen {} times\n"
      "[[rule]]\n"
      "id = \"local-{}\"\n"
      "class = \"{}\"             # `waypost explain --list classes` names them\n"
      "title = \"...\"\n"
      "match = [{}]\n"
      "meaning = \"...\"\n"
      "remedy = [\"...\"]\n"
      "source = \"our own mail log\"\n"
      "example = [{}]\n"
      "not_example = [\"550 5.1.1 User unknown\"]\n",
      text.count, number, text.by_code.empty() ? "unknown" : text.by_code,
      toml::as_toml(as_pattern(words.empty() ? std::string_view(text.normal) : words)),
      toml::as_toml(text.normal));
}

}  // namespace waypost::explain
