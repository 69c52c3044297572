#pragma once

#include <optional>
#include <string>
#include <vector>

#include "classify/reply_class.h"
#include "smtp/attempt_phase.h"

// What the rule files say, as values. docs/format/rules.md describes the files.
namespace waypost::classify {

// Where something is written, so that it can be seen which rule won and mended there.
struct Source {
  std::string file;
  unsigned line = 0;
  bool local = false;  // the operator's own file, not one that came with the program
};

// What texts of one family mean.
struct Rule {
  std::string id;
  std::string provider;  // id of the provider whose replies it reads; empty: everybody's
  Source source;

  // When it holds: one of `match`, each of `all`, none of `unless`; and the codes and the phase are
  // among those named, where any are named.
  std::vector<std::string> match;
  std::vector<std::string> all;
  std::vector<std::string> unless;
  std::vector<std::string> enhanced;  // "5.7.26", "x.7.26"
  std::vector<std::string> code;      // "550", "4xx"
  std::vector<smtp::AttemptPhase> phases;
  bool anywhere = false;  // also where the provider is not known
  bool token = false;     // a provider's own token: decides before everything else
  int rank = 0;           // -99..99, on top of the class's

  // What it says.
  ReplyClass reply_class = ReplyClass::unknown;
  Confidence confidence = Confidence::likely;
  bool condemns = true;  // false: must not mark the address bad, although its class would
  std::string title;
  std::string meaning;
  std::string actor;
  std::vector<std::string> remedy;
  std::string note;
  std::string more;
  std::vector<std::string> see;
  std::string origin;  // URL, or document and section
  std::string as_of;   // "2026-11"
  std::vector<std::string> examples;
  std::vector<std::string> counter_examples;
};

// Whoever runs a site or wrote its software, as far as its replies betray it.
struct Provider {
  std::string id;
  std::string name;
  Source source;
  std::vector<std::string> aliases;
  std::vector<std::string> mx;     // "*.google.com": its hosts; a caller may name one
  std::vector<std::string> hosts;  // other host names of its that stay readable in a text
  std::vector<std::string> text;   // patterns that betray it in a text
};

// A public list of addresses or names that are refused.
struct BlockList {
  std::string zone;
  std::string name;
  Source source;
  std::string kind;     // what is listed: "ip" or "domain"; "site": only a name of the list's own
  std::string removal;  // URL, or what to do
  std::string note;
  std::string closed;  // when it ended; empty while it answers
};

// A class of replies: what is true of all of them.
struct ClassPage {
  Source source;
  Who who = Who::unknown;
  std::string actor;
  std::string title;
  std::string meaning;
  std::vector<std::string> remedy;
  std::string example;
};

// What a code means by the standard, whoever sends it.
struct CodeMeaning {
  std::string code;  // "x.7.26", "450"
  Source source;
  std::string name;
  std::string meaning;
  std::string origin;
  // By the first digit, since 4.2.1 and 5.2.1 differ. `unknown` says that the code tells nothing;
  // none leaves it to the reply code.
  std::optional<ReplyClass> when_transient;
  std::optional<ReplyClass> when_permanent;
};

}  // namespace waypost::classify
