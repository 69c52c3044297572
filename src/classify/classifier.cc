#include "classify/classifier.h"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/ascii.h"
#include "classify/pattern.h"
#include "classify/reply_codes.h"
#include "classify/wrapper.h"

namespace waypost::classify {
namespace {

constexpr int speaking_provider_rank = 200;
constexpr int other_provider_rank = 100;
constexpr int token_rank = 400;
constexpr int enhanced_code_rank = -200;
constexpr int reply_code_rank = -400;
constexpr size_t alternatives_max = 3;

bool is_everybodys(const Rule& rule) {
  return rule.provider.empty() || rule.anywhere || rule.token;
}

// A provider's rule goes before a general one, most of all when it is that provider who speaks.
int rank_of(const Rule& rule, const std::vector<const Provider*>& speaking) {
  int rank = facts(rule.reply_class).rank + rule.rank + (rule.token ? token_rank : 0);
  if (rule.provider.empty()) return rank;
  bool speaks = std::any_of(speaking.begin(), speaking.end(), [&](const Provider* provider) {
    return provider->id == rule.provider;
  });
  return rank + (speaks ? speaking_provider_rank : other_provider_rank);
}

bool code_matches(std::string_view pattern, std::string_view code) {
  if (code.empty()) return false;
  return pattern == code || (pattern.ends_with("xx") && pattern[0] == code[0]);
}

bool enhanced_matches(std::string_view pattern, std::string_view code) {
  if (code.empty()) return false;
  return pattern == code || (pattern[0] == 'x' && pattern.substr(1) == code.substr(1));
}

template <class Matches>
bool any_matches(const std::vector<std::string>& patterns, std::string_view code, Matches matches) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches(pattern, code); });
}

std::string_view without_star(std::string_view host) {
  return host.starts_with("*.") ? host.substr(2) : host;
}

}  // namespace

// The rules of one provider, or everybody's, as one search.
struct Classifier::Scope {
  std::vector<size_t> rules;
  std::vector<const Provider*> betrayed_by_text;

  // What a pattern of the set stands for.
  struct Meaning {
    size_t rule = 0;
    const Provider* provider = nullptr;  // of the text, when it is not a rule's
  };
  // Built at the first search: most runs meet few providers.
  mutable std::once_flag built;
  mutable PatternSet patterns;
  mutable std::vector<Meaning> meanings;
  mutable std::vector<size_t> by_codes_only;  // rules

  void build(const RuleBook& book) const {
    for (size_t rule : rules) add(book.rules()[rule], rule);
    for (const Provider* provider : betrayed_by_text)
      for (const std::string& pattern : provider->text) add(pattern, {0, provider});
    patterns.compile();
  }

  // A rule is found by any of its `match`; without them by the first of its `all`.
  void add(const Rule& rule, size_t index) const {
    for (const std::string& pattern : rule.match) add(pattern, {index, nullptr});
    if (!rule.match.empty()) return;
    if (rule.all.empty())
      by_codes_only.push_back(index);
    else
      add(rule.all.front(), {index, nullptr});
  }

  void add(const std::string& pattern, Meaning meaning) const {
    patterns.add(pattern);
    meanings.push_back(meaning);
  }
};

// What else must hold for a rule that was found.
struct Classifier::Conditions {
  std::once_flag compiled;
  std::unique_ptr<PatternList> all;
  std::unique_ptr<PatternList> unless;

  bool hold(const Rule& rule, std::string_view text) {
    std::call_once(compiled, [&] {
      all = std::make_unique<PatternList>(rule.all);
      unless = std::make_unique<PatternList>(rule.unless);
    });
    return all->all_found(text) && !unless->any_found(text);
  }
};

// A rule whose patterns may be found, or the meaning of a code; whether it holds is asked for only
// when its turn comes.
struct Classifier::Candidate {
  int rank = 0;
  ReplyClass reply_class = ReplyClass::unknown;
  const Rule* rule = nullptr;
  const CodeMeaning* by_code = nullptr;  // without a rule
  NormalText::Span evidence;             // known at once, when a code is it
  // Those of a scope's patterns that may be found; none when codes alone decide.
  const PatternSet* patterns = nullptr;
  std::vector<size_t> possible;
};

struct Classifier::Search {
  std::string_view text;
  bool quotes_own_names;
  ReplyCodes codes;
  std::optional<smtp::AttemptPhase> phase;
  std::vector<Candidate> candidates;
  std::vector<const Provider*> betrayed;

  // `part` is a view into the text.
  NormalText::Span place_of(std::string_view part) const {
    size_t begin = size_t(part.data() - text.data());
    return {begin, begin + part.size()};
  }
};

Classifier::Classifier(const RuleBook& book)
    : book_(book), conditions_(std::make_unique<Conditions[]>(book.rules().size())) {
  for (size_t i = 0; i <= book.providers().size(); ++i)
    scopes_.push_back(std::make_unique<Scope>());
  for (const Provider& provider : book.providers()) {
    scopes_[0]->betrayed_by_text.push_back(&provider);
    provider_names_.emplace(provider.id, &provider);
    provider_names_.emplace(base::to_lower(provider.name), &provider);
    for (const std::string& alias : provider.aliases)
      provider_names_.emplace(base::to_lower(alias), &provider);
    for (const std::string& host : provider.mx)
      provider_names_.emplace(base::to_lower(without_star(host)), &provider);
  }
  for (size_t i = 0; i < book.rules().size(); ++i) {
    const Rule& rule = book.rules()[i];
    size_t scope = is_everybodys(rule) ? 0 : scope_of(*book.provider(rule.provider));
    scopes_[scope]->rules.push_back(i);
  }
}

Classifier::~Classifier() = default;

size_t Classifier::scope_of(const Provider& provider) const {
  return size_t(&provider - book_.providers().data()) + 1;
}

const Provider* Classifier::provider_named(std::string_view hint) const {
  std::string name = base::to_lower(base::trim(hint));
  if (name.ends_with('.')) name.pop_back();
  for (size_t at = 0; !name.empty();) {
    if (auto found = provider_names_.find(name.substr(at)); found != provider_names_.end())
      return found->second;
    size_t dot = name.find('.', at);
    if (dot == std::string::npos) break;
    at = dot + 1;
  }
  return nullptr;
}

void Classifier::compile() const {
  for (const auto& scope : scopes_) compile(*scope);
}

void Classifier::compile(const Scope& scope) const {
  std::call_once(scope.built, [&] { scope.build(book_); });
}

void Classifier::search_scope(const Scope& scope, Search& search) const {
  compile(scope);
  std::string_view text = search.text;
  std::vector<int> possible;
  scope.patterns.possible(text, possible);
  for (size_t i = 0; i < possible.size();) {
    const Scope::Meaning& meaning = scope.meanings[size_t(possible[i])];
    // A rule's patterns have neighbouring numbers.
    size_t end = i;
    while (end < possible.size() && scope.meanings[size_t(possible[end])].rule == meaning.rule &&
           scope.meanings[size_t(possible[end])].provider == meaning.provider)
      ++end;
    if (meaning.provider != nullptr) {
      bool speaks =
          std::any_of(possible.begin() + std::ptrdiff_t(i), possible.begin() + std::ptrdiff_t(end),
                      [&](int number) { return scope.patterns.is_found(size_t(number), text); });
      if (speaks) search.betrayed.push_back(meaning.provider);
    } else {
      const Rule& rule = book_.rules()[meaning.rule];
      search.candidates.push_back(
          {0,
           rule.reply_class,
           &rule,
           nullptr,
           {},
           &scope.patterns,
           {possible.begin() + std::ptrdiff_t(i), possible.begin() + std::ptrdiff_t(end)}});
    }
    i = end;
  }
  for (size_t index : scope.by_codes_only) {
    const Rule& rule = book_.rules()[index];
    std::string_view code = rule.enhanced.empty() ? search.codes.reply : search.codes.enhanced;
    if (!code.empty())
      search.candidates.push_back(
          {0, rule.reply_class, &rule, nullptr, search.place_of(code), nullptr, {}});
  }
}

bool Classifier::holds(const Candidate& candidate, const Search& search) const {
  // What quotes our own names is about us, not about the recipient.
  if (search.quotes_own_names && facts(candidate.reply_class).condemns_address) return false;
  if (candidate.rule == nullptr) return true;
  const Rule& rule = *candidate.rule;
  if (!rule.code.empty() && !any_matches(rule.code, search.codes.reply, code_matches)) return false;
  if (!rule.enhanced.empty() &&
      !any_matches(rule.enhanced, search.codes.enhanced, enhanced_matches))
    return false;
  if (!rule.phases.empty() && (!search.phase || std::find(rule.phases.begin(), rule.phases.end(),
                                                          *search.phase) == rule.phases.end()))
    return false;
  std::string_view text = search.text;
  bool found =
      candidate.patterns == nullptr ||
      std::any_of(candidate.possible.begin(), candidate.possible.end(),
                  [&](size_t number) { return candidate.patterns->is_found(number, text); });
  if (!found) return false;
  return conditions_[size_t(&rule - book_.rules().data())].hold(rule, text);
}

void Classifier::add_candidates_by_code(Search& search) const {
  auto add = [&](std::string_view code, int rank) {
    const CodeMeaning* meaning = code.empty() ? nullptr : book_.code(code);
    if (meaning == nullptr) return;
    std::optional<ReplyClass> found =
        code[0] == '5' ? meaning->when_permanent : meaning->when_transient;
    if (found)
      search.candidates.push_back(
          {rank, *found, nullptr, meaning, search.place_of(code), nullptr, {}});
  };
  add(search.codes.enhanced, enhanced_code_rank);
  add(search.codes.reply, reply_code_rank);
}

NormalText::Span Classifier::evidence_of(const Candidate& candidate, const Search& search) const {
  NormalText::Span longest = candidate.evidence;
  for (size_t number : candidate.possible) {
    NormalText::Span hit = candidate.patterns->hit(number, search.text);
    if (hit.octets() > longest.octets()) longest = hit;
  }
  return longest;
}

// The first that holds, by rank, then by the length of its evidence, then by id; null when none
// does. `candidates` are sorted by rank and id.
const Classifier::Candidate* Classifier::winner_of(Search& search) const {
  Candidate* winner = nullptr;
  for (Candidate& candidate : search.candidates) {
    if (winner != nullptr && candidate.rank < winner->rank) break;
    if (!holds(candidate, search)) continue;
    candidate.evidence = evidence_of(candidate, search);
    if (winner == nullptr || candidate.evidence.octets() > winner->evidence.octets())
      winner = &candidate;
  }
  return winner;
}

void Classifier::add_alternatives(const Search& search, Decision& decision) const {
  auto& taken = decision.alternatives;
  for (const Candidate& other : search.candidates) {
    if (taken.size() == alternatives_max) return;
    bool is_new = other.reply_class != decision.reply_class &&
                  other.reply_class != ReplyClass::unknown &&
                  std::find(taken.begin(), taken.end(), other.reply_class) == taken.end();
    if (is_new && holds(other, search)) taken.push_back(other.reply_class);
  }
}

namespace {

// Replies of these codes are about the session or the login, whatever their words.
bool is_about_session(std::string_view code) {
  constexpr std::string_view codes[] = {"421", "454", "500", "502", "503",
                                        "530", "534", "535", "538"};
  return std::find(std::begin(codes), std::end(codes), code) != std::end(codes);
}

// A server that cannot look it up now does not know that nobody is there, whatever its code is.
bool says_that_it_may_pass(std::string_view text) {
  constexpr std::string_view phrases[] = {"temporar",
                                          "timed out",
                                          "timeout",
                                          "at the moment",
                                          "try again later",
                                          "try later",
                                          "retry later",
                                          "retry in ",
                                          "please retry",
                                          "try again in ",
                                          "lookup error",
                                          "lookup fail",
                                          "vor\xc3\xbc"
                                          "bergehend"};
  return std::any_of(std::begin(phrases), std::end(phrases), [&](std::string_view phrase) {
    return text.find(phrase) != std::string_view::npos;
  });
}

// Whether what was answered can be about the recipient at all, and for good.
bool may_condemn(const Decision& decision, std::string_view text,
                 std::optional<smtp::AttemptPhase> phase, bool by_code) {
  using smtp::AttemptPhase;
  if (says_that_it_may_pass(text)) return false;
  bool certain = decision.confidence == Confidence::certain;
  // Servers use 5.1.1 for whatever they like, so a code alone never condemns.
  if (by_code) return false;
  bool guessed = decision.confidence == Confidence::possible;
  if (decision.disposition == Disposition::transient && !certain) return false;
  if (is_about_session(decision.reply_code)) return false;
  if (!phase || *phase == AttemptPhase::resolve || *phase == AttemptPhase::rcpt) return true;
  return *phase > AttemptPhase::rcpt && !guessed;
}

}  // namespace

void Classifier::choose(Search& search, Decision& decision) const {
  auto id_of = [](const Candidate& candidate) {
    return candidate.rule == nullptr ? std::string_view() : std::string_view(candidate.rule->id);
  };
  std::sort(search.candidates.begin(), search.candidates.end(),
            [&](const Candidate& a, const Candidate& b) {
              return a.rank != b.rank ? a.rank > b.rank : id_of(a) < id_of(b);
            });
  const Candidate* winner = winner_of(search);
  if (winner == nullptr) return;
  decision.reply_class = winner->reply_class;
  decision.evidence = winner->evidence;
  decision.by_code = winner->by_code;
  decision.rule = winner->rule;
  decision.condemns = facts(winner->reply_class).condemns_address;
  if (winner->rule != nullptr) {
    decision.confidence = winner->rule->confidence;
    decision.condemns = decision.condemns && winner->rule->condemns;
  }
  if (!may_condemn(decision, search.text, search.phase, winner->rule == nullptr))
    decision.condemns = false;
  add_alternatives(search, decision);
}

Decision Classifier::decide(const NormalText& normal, const Provider* provider,
                            std::optional<smtp::AttemptPhase> phase) const {
  std::string_view text = normal.text;
  std::optional<WrappedReply> wrapped = unwrap(text);
  if (!phase) phase = wrapped ? wrapped->phase : phase_told(text);
  if (!wrapped) return decide(text, normal.quotes_own_names, provider, phase);
  if (provider == nullptr) provider = provider_named(wrapped->host);
  Decision decision = decide(text.substr(wrapped->begin, wrapped->end - wrapped->begin),
                             normal.quotes_own_names, provider, phase);
  decision.evidence.begin += wrapped->begin;
  decision.evidence.end += wrapped->begin;
  // The sentence around it may say more than the reply: "sender was rejected", "giving up".
  bool is_clear = decision.rule != nullptr && decision.reply_class != ReplyClass::unknown;
  if (is_clear) return decision;
  Decision whole = decide(text, normal.quotes_own_names, provider, phase);
  return whole.rule != nullptr ? whole : decision;
}

Decision Classifier::decide(std::string_view text, bool quotes_own_names, const Provider* provider,
                            std::optional<smtp::AttemptPhase> phase) const {
  Search search{text, quotes_own_names, find_codes(text), phase, {}, {}};
  search_scope(*scopes_[0], search);
  std::vector<const Provider*> speaking = std::exchange(search.betrayed, {});
  if (provider != nullptr) {
    std::erase(speaking, provider);
    speaking.insert(speaking.begin(), provider);
  }
  for (const Provider* one : speaking) search_scope(*scopes_[scope_of(*one)], search);
  for (Candidate& candidate : search.candidates)
    candidate.rank = rank_of(*candidate.rule, speaking);
  add_candidates_by_code(search);

  Decision decision;
  decision.reply_code = search.codes.reply;
  decision.enhanced_code = search.codes.enhanced;
  switch (search.codes.first_digit()) {
    case '4':
      decision.disposition = Disposition::transient;
      break;
    case '5':
      decision.disposition = Disposition::permanent;
      break;
    default:
      break;
  }
  choose(search, decision);
  if (search.codes.first_digit() == '2') decision.condemns = false;
  if (decision.rule != nullptr && !decision.rule->provider.empty() && provider == nullptr)
    decision.provider = book_.provider(decision.rule->provider);
  else if (!speaking.empty())
    decision.provider = speaking.front();
  return decision;
}

std::optional<bool> may_retry(const Decision& decision) {
  bool only_now = facts(decision.reply_class).retry == Retry::later && decision.rule != nullptr &&
                  decision.confidence != Confidence::possible;
  if (only_now) return true;
  if (decision.disposition == Disposition::not_stated) return std::nullopt;
  return decision.disposition == Disposition::transient;
}

std::string Reading::rule_id() const {
  if (rule != nullptr) return rule->id;
  return by_code != nullptr ? "code-" + by_code->code : std::string();
}

Decision Reader::decide(const Question& question) {
  const Provider* provider = nullptr;
  if (!question.provider.empty()) {
    if (hints_.size() > generation_max_) hints_.clear();
    auto [hint, is_new] = hints_.try_emplace(std::string(question.provider), nullptr);
    if (is_new) hint->second = classifier_->provider_named(question.provider);
    provider = hint->second;
  }
  own_.ip = canonical_ip(question.own_ip);
  own_.domain = base::to_lower(question.own_domain);
  if (own_.domain.ends_with('.')) own_.domain.pop_back();
  normalise(question.text, classifier_->book().known_hosts(), own_, normal_);
  if (normal_.text.size() > remembered_octets_max)
    return classifier_->decide(normal_, provider, question.phase);
  key_ = normal_.text;
  key_.push_back('\0');
  key_.push_back(char('0' + normal_.quotes_own_names));
  key_.push_back(char('0' + (question.phase ? 1 + int(*question.phase) : 0)));
  if (provider != nullptr) key_ += provider->id;

  if (auto found = young_.find(key_); found != young_.end()) return found->second;
  if (young_.size() >= generation_max_) old_ = std::exchange(young_, {});
  if (auto found = old_.extract(key_)) return young_.insert(std::move(found)).position->second;
  return young_.emplace(key_, classifier_->decide(normal_, provider, question.phase)).first->second;
}

// What is remembered points into the book of the classifier before.
void Reader::use(const Classifier& classifier) {
  classifier_ = &classifier;
  young_.clear();
  old_.clear();
  hints_.clear();
}

Reading Reader::read(const Question& question) {
  Reading reading;
  static_cast<Decision&>(reading) = decide(question);
  NormalText::Span span = normal_.in_input(question.text, reading.evidence);
  reading.evidence_start = span.begin;
  reading.evidence_end = span.end;
  reading.evidence_text = question.text.substr(span.begin, span.end - span.begin);
  reading.retry_after = find_wait(question.text.substr(0, input_octets_max));
  return reading;
}

}  // namespace waypost::classify
