#include "bounces/notice_book.h"

#include <set>

#include "base/check.h"
#include "bounces/notice_file.h"
#include "bounces/phrases.h"
#include "bounces/shipped_notice_files.h"

namespace waypost::bounces {

NoticeBook::NoticeBook(std::vector<NoticeRule> rules, std::vector<std::string> returned)
    : returned_(std::move(returned)) {
  std::vector<std::string> phrases;
  for (NoticeRule& rule : rules) {
    for (const std::string& phrase : rule.text) {
      phrases.push_back(phrase);
      style_of_phrase_.push_back(styles_.size());
    }
    Style style{{}, LinePattern(rule.recipient), LinePattern(rule.reply), LinePattern(rule.host)};
    style.rule = std::move(rule);
    styles_.push_back(std::move(style));
  }
  phrases_.build(phrases);
}

std::vector<const NoticeBook::Style*> NoticeBook::styles_of(const NoticeText& notice) const {
  std::vector<int> found;
  phrases_.search(notice.small, found);
  std::set<size_t> by_text;
  for (int phrase : found) by_text.insert(style_of_phrase_[size_t(phrase)]);
  std::vector<const Style*> styles;
  for (size_t i = 0; i < styles_.size(); ++i) {
    const NoticeRule& rule = styles_[i].rule;
    bool fits = (rule.text.empty() || by_text.contains(i)) &&
                (rule.subject.empty() || has_one_of(notice.subject, rule.subject)) &&
                (rule.mailer.empty() || has_one_of(notice.mailer, rule.mailer));
    if (fits) styles.push_back(&styles_[i]);
  }
  return styles;
}

size_t NoticeBook::returned_begin(std::string_view small) const {
  size_t begin = small.size();
  for (const std::string& phrase : returned_) {
    size_t at = small.substr(0, begin).find(phrase);
    if (at == std::string_view::npos) continue;
    size_t line = small.rfind('\n', at);
    begin = line == std::string_view::npos ? 0 : line + 1;
  }
  return begin;
}

const NoticeBook& shipped_notices() {
  static const NoticeBook book = [] {
    NoticeFiles files = read_notice_files(shipped_notice_files());
    CHECK(files.diagnostics.empty());
    return NoticeBook(std::move(files.rules), std::move(files.returned));
  }();
  return book;
}

}  // namespace waypost::bounces
