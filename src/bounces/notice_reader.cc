#include "bounces/notice_reader.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/ascii.h"
#include "bounces/phrases.h"
#include "bounces/quoted_header.h"
#include "bounces/reply_words.h"
#include "message/address_list.h"
#include "message/header_block.h"
#include "message/report_fields.h"

namespace waypost::bounces {
namespace {

using message::ReportedAction;
using Style = NoticeBook::Style;

constexpr size_t fallback_recipients_max = 10;

// Behind the line of the first of the phrases that is there; `otherwise` when none is.
size_t behind_line_of(std::string_view small, const std::vector<std::string>& phrases,
                      size_t otherwise) {
  for (const std::string& phrase : phrases) {
    size_t at = small.find(phrase);
    if (at == std::string_view::npos) continue;
    size_t end = small.find('\n', at + phrase.size() - 1);
    return end == std::string_view::npos ? small.size() : end + 1;
  }
  return otherwise;
}

// Its size when none is there.
size_t first_of(std::string_view small, const std::vector<std::string>& phrases, size_t from) {
  size_t first = small.size();
  for (const std::string& phrase : phrases) first = std::min(first, small.find(phrase, from));
  return first;
}

std::string_view between(std::string_view text, size_t begin, size_t end) {
  end = std::min(end, text.size());
  return begin < end ? text.substr(begin, end - begin) : std::string_view();
}

std::string_view to_blank_line(std::string_view block) {
  size_t begin = block.find_first_not_of(" \t\n");
  if (begin == std::string_view::npos) return {};
  size_t end = begin;
  for (;;) {
    end = block.find('\n', end);
    if (end == std::string_view::npos) return block.substr(begin);
    size_t next = block.find_first_not_of(" \t\r", end + 1);
    if (next == std::string_view::npos || block[next] == '\n')
      return block.substr(begin, end - begin);
    ++end;
  }
}

const LinePattern& host_pattern() {
  static const LinePattern pattern(
      "(?:host|server|talking to|by|from|to)\\s+((?:[a-z0-9_-]+\\.)+[a-z]{2,})\\.?\\s*[\\[(:]");
  return pattern;
}

std::string clean_address(std::string_view found) {
  std::string address = message::report_address(found);
  while (!address.empty() &&
         std::string_view(".,;:>)]'\"").find(address.back()) != std::string::npos)
    address.pop_back();
  return address;
}

struct Host {
  size_t begin;
  std::string_view name;
};

// Whoever writes it: that it is not over.
bool is_still_trying(const NoticeText& notice) {
  constexpr std::array<std::string_view, 15> words{
      "warning message only", "do not need to resend", "weiter versucht",    "weiterhin versucht",
      "erneut versucht",      "allons réessayer",      "va réessayer",       "continuera à essayer",
      "continuera d'essayer", "volverá a intentar",    "seguirá intentando", "riproverà",
      "verrà ritentat",       "continuará tentando",   "blijft proberen"};
  return notice.subject.find("(delay)") != std::string::npos || has_one_of(notice.small, words);
}

class StyleReader {
 public:
  // `takes_whole_text`: without a reply that is found the whole text is what was said.
  StyleReader(const Style& style, const NoticeText& notice, bool takes_whole_text)
      : style_(style), notice_(notice), takes_whole_text_(takes_whole_text) {
    const NoticeRule& rule = style.rule;
    begin_ = behind_line_of(notice.small, rule.start, 0);
    is_delayed_ = has_one_of(notice.small, rule.delayed) ||
                  has_one_of(notice.subject, rule.delayed) || is_still_trying(notice);
    for (const std::string& one : notice.failed)
      failed_by_local_.emplace(one.substr(0, one.find('@')), &one);
  }

  std::vector<Recipient> read() {
    std::vector<LinePattern::Match> matches;
    for (size_t from = begin_; matches.size() < recipients_max;) {
      auto match = style_.recipient.find(notice_.text, from);
      if (!match) break;
      from = std::max(match->end, from + 1);
      matches.push_back(*match);
    }
    for (size_t i = 0; i < matches.size(); ++i)
      if (!matches[i].address.empty()) add(matches, i);
    if (recipients_.empty()) add_fallback();
    return std::move(recipients_);
  }

 private:
  // Of the text between two places, up to the first phrase that ends it.
  std::string_view up_to_stop(size_t begin, size_t end) const {
    std::string_view small = std::string_view(notice_.small).substr(0, end);
    return between(notice_.text, begin, first_of(small, style_.rule.stop, begin));
  }

  // An address without a domain is one of those that the header names.
  std::string completed(std::string address) const {
    auto known = failed_by_local_.find(address);
    return known == failed_by_local_.end() ? address : *known->second;
  }

  const std::string& whole() {
    if (!whole_) whole_ = on_one_line(up_to_stop(begin_, notice_.text.size()));
    return *whole_;
  }

  const std::string& common_reply() {
    if (!common_reply_) {
      auto match = style_.reply.find(notice_.text);
      common_reply_ = match ? on_one_line(match->first) : std::string();
    }
    return *common_reply_;
  }

  void add(const std::vector<LinePattern::Match>& matches, size_t i) {
    const LinePattern::Match& match = matches[i];
    size_t end = i + 1 < matches.size() ? matches[i + 1].begin : notice_.text.size();
    std::string_view block =
        style_.rule.reply_first
            ? between(notice_.text, i == 0 ? begin_ : matches[i - 1].end, match.begin)
            : up_to_stop(match.end, end);
    if (style_.rule.to_blank_line) block = to_blank_line(block);
    Recipient recipient;
    recipient.address = completed(clean_address(match.address));
    recipient.reply = reply_in(block, match.reply);
    recipient.remote_mta = match.host;
    recipient.source = match.begin < notice_.certain_octets ? Source::words : Source::nothing;
    if (style_.rule.host_first) recipient.remote_mta = host_above(recipient, match.begin);
    finish(std::move(recipient), block);
  }

  // Who spoke last before a place of the text; empty: nobody.
  std::string_view host_before(size_t place) {
    if (!hosts_) {
      hosts_.emplace();
      for (auto match = style_.host.find(notice_.text); match;
           match = style_.host.find(notice_.text, match->end))
        hosts_->push_back({match->begin, match->first});
    }
    auto next = std::partition_point(hosts_->begin(), hosts_->end(),
                                     [&](const Host& one) { return one.begin < place; });
    return next == hosts_->begin() ? std::string_view() : std::prev(next)->name;
  }

  // Of a transcript below the list of recipients; empty when it is not clear who spoke.
  std::string host_above(const Recipient& recipient, size_t place) {
    std::string_view host = host_before(place);
    if (!host.empty()) return std::string(host);
    const std::string command = "rcpt to:<" + base::to_lower(recipient.address) + ">";
    for (size_t said :
         {notice_.small.find(command, place), notice_.text.find("<<< " + recipient.reply, place)})
      if (host.empty() && said != std::string::npos) host = host_before(said);
    if (host.empty() && hosts_->size() == 1) host = hosts_->front().name;
    return std::string(host);
  }

  std::string reply_in(std::string_view block, std::string_view found) {
    if (!found.empty()) return on_one_line(found);
    if (auto match = style_.reply.find(block)) return on_one_line(match->first);
    if (style_.rule.common_reply && !common_reply().empty()) return common_reply();
    return on_one_line(block);
  }

  void finish(Recipient recipient, std::string_view block) {
    for (const LinePattern* pattern : {&style_.host, &host_pattern()})
      for (std::string_view text : {std::string_view(recipient.reply), block})
        if (recipient.remote_mta.empty() && !style_.rule.host_first)
          if (auto match = pattern->find(text)) recipient.remote_mta = match->first;
    if (recipient.reply.empty() && takes_whole_text_) recipient.reply = whole();
    recipient.says = style_.rule.says.empty() ? spoken_reply(recipient.reply) : style_.rule.says;
    recipient.provider = style_.rule.provider;
    if (style_.rule.says.empty()) recipient.status = status_in(recipient.says);
    if (recipient.status.empty()) recipient.status = status_in(recipient.reply);
    recipient.action = is_delayed_ ? ReportedAction::delayed : ReportedAction::failed;
    keep(std::move(recipient));
  }

  // The same notice in two languages tells a recipient twice, maybe once without words.
  void keep(Recipient recipient) {
    const std::string address = base::to_lower(recipient.address);
    const bool is_new = addresses_.insert(address).second;
    if (recipient.reply.empty() && !is_new) return;
    for (const std::string& words : {std::string(), recipient.reply})
      if (auto known = by_words_.extract(address + '\n' + words)) {
        known.key() = address + '\n' + recipient.reply;
        recipients_[known.mapped()] = std::move(recipient);
        by_words_.insert(std::move(known));
        return;
      }
    by_words_.emplace(address + '\n' + recipient.reply, recipients_.size());
    recipients_.push_back(std::move(recipient));
  }

  struct Guess {
    std::vector<std::string> addresses;
    Source source = Source::nothing;
  };

  // Nobody stands where the rule looks: those of the header, else the only one in the words, else
  // those of the returned message.
  Guess guess() const {
    if (!notice_.failed.empty()) return {notice_.failed, Source::words};
    Guess guess;
    for (const std::string& one : notice_.mentioned)
      if (!is_of_the_notice(one)) guess.addresses.push_back(one);
    const bool is_by_rule = !style_.rule.file.empty();  // then another rule may know better
    if (guess.addresses.size() == 1 && !is_by_rule)
      return {std::move(guess.addresses), Source::words};
    message::HeaderBlock header = message::scan_header_block(notice_.returned);
    guess.addresses.clear();
    if (const message::HeaderField* to = header.find("To"))
      if (auto found = message::parse_address_list(to->value)) guess.addresses = *std::move(found);
    return guess;
  }

  // Who writes it, and to whom.
  bool is_of_the_notice(std::string_view address) const {
    return base::equals_ignoring_case(address, notice_.to) || is_of_mail_system(address);
  }

  void add_fallback() {
    auto [addresses, source] = guess();
    std::string_view block = up_to_stop(begin_, notice_.text.size());
    auto reply = style_.reply.find(block);
    if (!reply && !takes_whole_text_) return;
    if (addresses.empty() && reply) addresses.emplace_back();
    if (addresses.size() > fallback_recipients_max) addresses.resize(fallback_recipients_max);
    if (reply && size_t(reply->first.data() - notice_.text.data()) >= notice_.certain_octets)
      source = Source::nothing;
    for (std::string& address : addresses) {
      Recipient recipient;
      recipient.address = std::move(address);
      recipient.source = source;
      if (reply) recipient.reply = on_one_line(reply->first);
      finish(std::move(recipient), block);
    }
  }

  const Style& style_;
  const NoticeText& notice_;
  bool takes_whole_text_;
  size_t begin_ = 0;
  bool is_delayed_ = false;
  std::unordered_map<std::string, const std::string*> failed_by_local_;
  std::optional<std::vector<Host>> hosts_;  // of host_before(), as they stand in the text
  std::optional<std::string> whole_;
  std::optional<std::string> common_reply_;
  std::vector<Recipient> recipients_;
  std::unordered_set<std::string> addresses_;
  std::unordered_map<std::string, size_t> by_words_;
};

// The style of those that no rule knows.
const Style& unknown_style() {
  static const Style style = [] {
    NoticeRule rule;
    rule.id = "unknown";
    rule.delayed = {"delayed",
                    "will be retried",
                    "will retry",
                    "warning: could not send",
                    "not yet been delivered",
                    "temporary problem",
                    "temporary error",
                    "temporary failure",
                    "will try again",
                    "will be tried again",
                    "will keep trying",
                    "will continue to try",
                    "is being retried",
                    "still trying"};
    Style made{
        {},
        LinePattern("^[ \\t>*-]*(?:(?:to|recipient|user|address)[ \\t]*:[ \\t]*)?[<\"']?"
                    "(?P<address>[^\\s<>@:;,\"]+@[a-z0-9.-]+\\.[a-z0-9-]+)[>\"']?[ \\t]*"
                    "(?:$|:|\\(?(?P<reply>[45]\\d\\d[ -][^\\n]*?)\\)?[ \\t]*$)"),
        // A code stands where something is told, or before an enhanced one, and is no size.
        LinePattern("(?:^[ \\t>*]*|[:(>\\[\"'=-][ \\t]*|\\b(?:said|says|error|code|with)[ \\t]+)"
                    "([45]\\d\\d(?:-|$|[ \\t]+(?:$|[^\\skmgt%]|[kmgt][^b\\s]))"
                    "[^\\n]*(?:\\n[ \\t]*[^\\s][^\\n]*){0,6})|"
                    "\\b([45]\\d\\d[ -]#?[45]\\.\\d{1,3}\\.\\d{1,3}\\b"
                    "[^\\n]*(?:\\n[ \\t]*[^\\s][^\\n]*){0,6})"),
        LinePattern()};
    made.rule = std::move(rule);
    return made;
  }();
  return style;
}

}  // namespace

bool is_of_mail_system(std::string_view address) {
  const std::string local = base::to_lower(address.substr(0, address.rfind('@')));
  return local == "postmaster" || local == "mailer-daemon";
}

std::optional<ReadNotice> read_notice(const NoticeText& notice, const NoticeBook& book) {
  for (const Style* style : book.styles_of(notice)) {
    std::vector<Recipient> recipients = StyleReader(*style, notice, style->rule.whole_text).read();
    if (!recipients.empty()) return ReadNotice{style, std::move(recipients)};
  }
  return std::nullopt;
}

std::optional<ReadNotice> read_unknown_notice(const NoticeText& notice) {
  NoticeText words = notice;
  if (const auto header = find_quoted_header(notice.text)) {
    if (words.returned.empty()) words.returned = notice.text.substr(header->begin);
    words.text = without_quoted_headers(notice.text);
    words.certain_octets = header->begin;
    const std::string_view before = std::string_view(words.text).substr(0, header->begin);
    const bool is_told_before =
        unknown_style().recipient.find(before) || unknown_style().reply.find(before);
    if (is_told_before) words.text.resize(header->begin);
    words.small = base::to_lower(words.text);
  }
  // X-Failed-Recipients tells what it is and whom it is about, whatever the words are.
  const bool is_told = !notice.failed.empty();
  std::vector<Recipient> recipients = StyleReader(unknown_style(), words, is_told).read();
  if (recipients.empty()) return std::nullopt;
  return ReadNotice{nullptr, std::move(recipients)};
}

}  // namespace waypost::bounces
