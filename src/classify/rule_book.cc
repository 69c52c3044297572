#include "classify/rule_book.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "classify/pattern.h"
#include "classify/rule_file.h"
#include "toml/wording.h"

namespace waypost::classify {
namespace {

using Words = std::map<std::string, std::string>;

constexpr int word_depth_max = 6;
constexpr size_t pattern_octets_max = 64 * 1024;

bool is_word_octet(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

// Length of "%name%" at `at`; 0 when there is none.
size_t word_at(std::string_view text, size_t at) {
  size_t end = at + 1;
  while (end < text.size() && is_word_octet(text[end])) ++end;
  return end > at + 1 && end < text.size() && text[end] == '%' ? end + 1 - at : 0;
}

// One pattern with its `%words%` replaced, and theirs. What is wrong with it goes to `wrong`.
class Expander {
 public:
  Expander(const Words& own, const Words& shared) : own_(own), shared_(shared) {}

  std::string expand(std::string_view text, std::string& wrong) const {
    std::string result;
    expand_into(text, 0, result, wrong);
    return result;
  }

 private:
  void expand_into(std::string_view text, int depth, std::string& to, std::string& wrong) const {
    if (depth > word_depth_max) wrong = "its words stand for each other without an end";
    for (size_t at = 0; at < text.size() && wrong.empty();) {
      size_t octets = text[at] == '%' ? word_at(text, at) : 0;
      if (octets == 0) {
        to.push_back(text[at++]);
        continue;
      }
      std::string name(text.substr(at + 1, octets - 2));
      if (const std::string* word = find(name)) {
        to += "(?:";
        expand_into(*word, depth + 1, to, wrong);
        to += ")";
      } else {
        wrong = fmt::format("there is no word `%{}%`", name);
      }
      if (to.size() > pattern_octets_max) wrong = "it grows beyond 64 KiB";
      at += octets;
    }
  }

  const std::string* find(const std::string& name) const {
    for (const Words* words : {&own_, &shared_})
      if (auto found = words->find(name); found != words->end()) return &found->second;
    return nullptr;
  }

  const Words& own_;
  const Words& shared_;
};

std::string_view without_star(std::string_view host) {
  return host.starts_with("*.") ? host.substr(2) : host;
}

bool is_words_file(std::string_view name) {
  size_t slash = name.rfind('/');
  return name.substr(slash == std::string_view::npos ? 0 : slash + 1) == "words.toml";
}

}  // namespace

// Joins the files: local over shipped, `%words%` replaced, names looked up.
class BookReader {
 public:
  BookReader(std::span<const toml::Source> sources, size_t shipped, Patterns patterns)
      : sources_(sources), shipped_(shipped), patterns_(patterns), problems_(sources) {}

  LoadedBook load() {
    for (size_t i = 0; i < sources_.size(); ++i) {
      files_.push_back(read_rule_file(sources_[i], unsigned(i), i >= shipped_, problems_));
      if (is_words_file(sources_[i].name))
        for (const auto& [name, word] : files_.back().words)
          (i < shipped_ ? shipped_words_ : local_words_)[name] = word;
    }
    // A local word never changes what a shipped rule says.
    local_words_.insert(shipped_words_.begin(), shipped_words_.end());
    for (size_t i = 0; i < files_.size(); ++i)
      add(files_[i], i < shipped_ ? shipped_words_ : local_words_);
    check_whole();
    LoadedBook loaded;
    if (!problems_.has_errors()) {
      collect_known_hosts();
      loaded.book = std::move(book_);
    }
    loaded.diagnostics = problems_.take();
    return loaded;
  }

 private:
  void add(RuleFile& file, const Words& shared_words) {
    Expander expander(file.words, shared_words);
    for (auto& [provider, place] : file.providers) {
      expand(expander, provider.text, place, provider.source.local);
      for (auto* hosts : {&provider.mx, &provider.hosts})
        for (std::string& host : *hosts) host = base::to_lower(host);
      add_provider(std::move(provider), place);
    }
    for (auto& [rule, place] : file.rules) {
      for (auto* patterns : {&rule.match, &rule.all, &rule.unless})
        expand(expander, *patterns, place, rule.source.local);
      add_rule(std::move(rule), place);
    }
    for (auto& [list, place] : file.lists) {
      list.zone = base::to_lower(list.zone);
      add_named(book_.lists_, book_.list_index_, &BlockList::zone, std::move(list), place);
    }
    for (auto& [code, place] : file.codes)
      add_named(book_.codes_, book_.code_index_, &CodeMeaning::code, std::move(code), place);
    for (auto& [entry, place] : file.classes) add_class(std::move(entry), place);
  }

  void expand(const Expander& expander, std::vector<std::string>& patterns,
              const toml::Place& place, bool local) {
    for (std::string& pattern : patterns) {
      std::string wrong;
      std::string expanded = expander.expand(pattern, wrong);
      if (wrong.empty() && (local || patterns_ == Patterns::compile_all))
        wrong = why_not_a_pattern(expanded);
      if (wrong.empty())
        pattern = std::move(expanded);
      else
        problems_.report(place, fmt::format("the pattern {} cannot be used: {}",
                                            toml::in_backquotes(pattern), wrong));
    }
  }

  // Whether the newer one takes the place of the older one: a local file's that of a shipped file.
  bool replaces(const Source& newer, const Source& older, const std::string& name,
                const toml::Place& place) {
    if (newer.local && !older.local) return true;
    problems_.report(place, fmt::format("`{}` is there already", name),
                     fmt::format("the other one is in {}, line {}", older.file, older.line));
    return false;
  }

  template <class T, class Index>
  void add_named(std::vector<T>& all, Index& index, std::string T::*key, T value,
                 const toml::Place& place) {
    const std::string& name = value.*key;
    auto [found, is_new] = index.try_emplace(name, all.size());
    if (is_new)
      all.push_back(std::move(value));
    else if (replaces(value.source, all[found->second].source, name, place))
      all[found->second] = std::move(value);
  }

  void add_rule(Rule rule, const toml::Place& place) {
    if (book_.rules_.size() >= rules_max)
      return problems_.report(place, fmt::format("there are more than {} rules", rules_max));
    auto [found, is_new] = book_.rule_index_.try_emplace(rule.id, book_.rules_.size());
    if (is_new) {
      book_.rules_.push_back(std::move(rule));
      rule_places_.push_back(place);
      return;
    }
    Rule& older = book_.rules_[found->second];
    if (!replaces(rule.source, older.source, rule.id, place)) return;
    book_.replaced_.push_back(std::exchange(older, std::move(rule)));
    rule_places_[found->second] = place;
  }

  // A local file may name a shipped provider to add to what is known of it.
  void add_provider(Provider provider, const toml::Place& place) {
    auto [found, is_new] = book_.provider_index_.try_emplace(provider.id, book_.providers_.size());
    if (is_new) {
      if (provider.name.empty()) provider.name = provider.id;
      book_.providers_.push_back(std::move(provider));
      return;
    }
    Provider& older = book_.providers_[found->second];
    if (!replaces(provider.source, older.source, provider.id, place)) return;
    if (!provider.name.empty()) older.name = provider.name;
    auto append = [](std::vector<std::string>& to, const std::vector<std::string>& more) {
      to.insert(to.end(), more.begin(), more.end());
    };
    append(older.aliases, provider.aliases);
    append(older.mx, provider.mx);
    append(older.hosts, provider.hosts);
    append(older.text, provider.text);
  }

  void add_class(PlacedClass entry, const toml::Place& place) {
    ClassPage& page = book_.pages_[size_t(entry.id)];
    if (page.source.line == 0 ||
        replaces(entry.page.source, page.source, std::string(slug(entry.id)), place))
      page = std::move(entry.page);
  }

  void check_whole() {
    for (const ClassFacts& row : reply_classes())
      if (book_.page(row.id).source.line == 0 && !problems_.has_errors())
        problems_.report({}, fmt::format("no rule file describes the class `{}`", row.slug),
                         "each class needs a [[class]] entry");
    for (size_t i = 0; i < book_.rules_.size(); ++i) {
      const Rule& rule = book_.rules_[i];
      for (const std::string& id : rule.see)
        if (!book_.rule(id) && !parse_reply_class(id))
          problems_.report(
              rule_places_[i],
              fmt::format("rule `{}` points to `{}`, which is not there", rule.id, id));
    }
  }

  void collect_known_hosts() {
    for (const Provider& provider : book_.providers_) {
      for (const std::string& host : provider.mx) book_.known_hosts_.add(without_star(host));
      for (const std::string& host : provider.hosts) book_.known_hosts_.add(without_star(host));
    }
    for (const BlockList& list : book_.lists_) book_.known_hosts_.add(list.zone);
  }

  std::span<const toml::Source> sources_;
  size_t shipped_;
  Patterns patterns_;
  toml::Problems problems_;
  std::vector<RuleFile> files_;
  Words shipped_words_;  // of any words.toml
  Words local_words_;    // those and the operator's, which go first
  RuleBook book_;
  std::vector<toml::Place> rule_places_;
};

LoadedBook load(std::span<const toml::Source> sources, size_t shipped, Patterns patterns) {
  return BookReader(sources, shipped, patterns).load();
}

namespace {

template <class T>
const T* find_in(const std::vector<T>& all, const std::map<std::string, size_t, std::less<>>& index,
                 std::string_view name) {
  auto found = index.find(name);
  return found == index.end() ? nullptr : &all[found->second];
}

}  // namespace

const Rule* RuleBook::rule(std::string_view id) const { return find_in(rules_, rule_index_, id); }

const Provider* RuleBook::provider(std::string_view id) const {
  return find_in(providers_, provider_index_, id);
}

const BlockList* RuleBook::list(std::string_view zone) const {
  return find_in(lists_, list_index_, zone);
}

const CodeMeaning* RuleBook::code(std::string_view code) const {
  if (const CodeMeaning* exact = find_in(codes_, code_index_, code)) return exact;
  if (code.size() < 2 || code[1] != '.') return nullptr;
  std::string any_digit = "x" + std::string(code.substr(1));
  return find_in(codes_, code_index_, any_digit);
}

}  // namespace waypost::classify
