#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "classify/knowledge.h"
#include "classify/normal_text.h"
#include "classify/reply_class.h"
#include "classify/rule_book.h"
#include "smtp/attempt_phase.h"

namespace waypost::classify {

// What is asked. The text is what a server said, on one line or several, or what a client program
// made of it; any octets.
struct Question {
  std::string_view text;
  std::string_view provider;  // id, name, alias or a host name of its MX; empty: not known
  std::optional<smtp::AttemptPhase> phase;
  std::string_view own_ip;      // the address that we sent from
  std::string_view own_domain;  // the domain that we sent for
};

enum class Disposition : uint8_t { not_stated, transient, permanent };

// What decided: a rule, else the standard meaning of a code, else nothing did.
struct Decision {
  ReplyClass reply_class = ReplyClass::unknown;
  Confidence confidence = Confidence::possible;
  const Rule* rule = nullptr;
  const CodeMeaning* by_code = nullptr;
  const Provider* provider = nullptr;  // who is speaking, as asked or as the text betrays it
  Disposition disposition = Disposition::not_stated;
  // The address is no good. Only ever for the five classes, and never where the text quotes our own
  // address or domain, states a success, answers what came before RCPT, or is temporary and not
  // certain.
  bool condemns = false;
  std::string reply_code;                // "550", empty when there is none
  std::string enhanced_code;             // "5.1.1"
  std::vector<ReplyClass> alternatives;  // other readings, the most likely first, at most three
  NormalText::Span evidence;             // in the normal text: what the decision rests on
};

struct Reading : Decision {
  std::string_view evidence_text;  // in the question's text; empty when nothing decided
  size_t evidence_start = 0;       // octets in the question's text
  size_t evidence_end = 0;
  std::optional<std::chrono::seconds> retry_after;  // when the server named a time

  // "gmail-no-such-user", "code-5.1.1"; empty when nothing decided.
  std::string rule_id() const;
};

// Whether the message may be offered to the same recipient again as it is. A 5yz about pace or the
// moment refuses only now, but a guess is not enough to offer again what was refused. None when the
// text states no digit.
std::optional<bool> may_retry(const Decision& decision);

// The rules made ready to be searched for. Any thread; lives no longer than the book.
class Classifier {
 public:
  explicit Classifier(const RuleBook& book);
  ~Classifier();

  const RuleBook& book() const { return book_; }

  // Compiles all that decide() would compile when it first needs it, which takes some tenths of a
  // second. Any thread; a decide() that needs what is just being compiled waits.
  void compile() const;

  // By its id, name or alias, or by a host name under one of its MX names; null when not known.
  const Provider* provider_named(std::string_view hint) const;

  // `normal` is what normalise() made of the text with the book's known hosts.
  Decision decide(const NormalText& normal, const Provider* provider,
                  std::optional<smtp::AttemptPhase> phase) const;

 private:
  struct Scope;
  struct Conditions;
  struct Candidate;
  struct Search;

  // The same for a text without a sentence around it.
  Decision decide(std::string_view text, bool quotes_own_names, const Provider* provider,
                  std::optional<smtp::AttemptPhase> phase) const;
  size_t scope_of(const Provider& provider) const;
  void compile(const Scope& scope) const;
  void search_scope(const Scope& scope, Search& search) const;
  bool holds(const Candidate& candidate, const Search& search) const;
  void add_candidates_by_code(Search& search) const;
  NormalText::Span evidence_of(const Candidate& candidate, const Search& search) const;
  const Candidate* winner_of(Search& search) const;
  void add_alternatives(const Search& search, Decision& decision) const;
  void choose(Search& search, Decision& decision) const;

  const RuleBook& book_;
  std::vector<std::unique_ptr<Scope>> scopes_;  // [0] is everybody's, then one a provider
  std::unordered_map<std::string, const Provider*> provider_names_;
  std::unique_ptr<Conditions[]> conditions_;  // one a rule
};

// Answers questions, and remembers the decisions by normal text: most replies of a day differ only
// in their addresses, numbers and ids. One thread.
class Reader {
 public:
  static constexpr size_t remembered_max = 65'536;
  // Longer texts are hardly ever the same twice, and would only fill the memory.
  static constexpr size_t remembered_octets_max = 1024;

  explicit Reader(const Classifier& classifier, size_t remembered = remembered_max)
      : classifier_(&classifier), generation_max_(remembered / 2) {}

  // Other rules from here on; the classifier before may go away.
  void use(const Classifier& classifier);

  // Views in the result point into `question.text`; pointers into the book.
  Reading read(const Question& question);
  const RuleBook& book() const { return classifier_->book(); }
  // The text of the last question as rules see it.
  const NormalText& normal_text() const { return normal_; }

 private:
  Decision decide(const Question& question);

  const Classifier* classifier_;
  size_t generation_max_;
  NormalText normal_;
  OwnNames own_;
  std::string key_;
  // Two generations: when the young one is full it becomes the old one, and what is still asked for
  // moves back.
  std::unordered_map<std::string, Decision> young_;
  std::unordered_map<std::string, Decision> old_;
  std::unordered_map<std::string, const Provider*> hints_;
};

}  // namespace waypost::classify
