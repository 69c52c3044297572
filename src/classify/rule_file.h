#pragma once

#include <map>
#include <string>
#include <vector>

#include "classify/knowledge.h"
#include "toml/document.h"
#include "toml/problems.h"

namespace waypost::classify {

// A thing of a rule file with the place of its name, for complaints that need other files too.
template <class T>
struct Placed {
  T value;
  toml::Place place;
};

struct PlacedClass {
  ReplyClass id = ReplyClass::unknown;
  ClassPage page;
};

// One rule file, read and checked by itself: `%words%` are not replaced yet.
struct RuleFile {
  std::map<std::string, std::string> words;
  std::vector<Placed<Provider>> providers;  // at most one
  std::vector<Placed<Rule>> rules;
  std::vector<Placed<BlockList>> lists;
  std::vector<Placed<CodeMeaning>> codes;
  std::vector<Placed<PlacedClass>> classes;
};

// `index` is the source's in the list that `problems` was made with.
RuleFile read_rule_file(const toml::Source& source, unsigned index, bool local,
                        toml::Problems& problems);

}  // namespace waypost::classify
