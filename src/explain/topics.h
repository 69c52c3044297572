#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "toml/diagnostic.h"

namespace waypost::explain {

// A page about something that is not one reply: ports, encryption modes, how to read a code.
struct Topic {
  std::string id;
  std::string title;
  std::vector<std::string> aliases;
  std::string summary;
  std::vector<std::string> text;   // paragraphs
  std::vector<std::string> table;  // lines as they are
  std::vector<std::string> steps;
  std::vector<std::string> see;
  std::string source;
  std::string as_of;
};

class Topics {
 public:
  const std::vector<Topic>& all() const { return topics_; }
  // By id or alias; null when there is none.
  const Topic* find(std::string_view name) const;

 private:
  friend struct LoadedTopics;
  friend struct LoadedTopics load_topics(std::span<const toml::Source> sources);

  std::vector<Topic> topics_;
  std::map<std::string, size_t, std::less<>> index_;
};

struct LoadedTopics {
  Topics topics;
  std::vector<toml::Diagnostic> diagnostics;
};

// Files of [[topic]] tables. What is wrong is left out and reported.
LoadedTopics load_topics(std::span<const toml::Source> sources);

}  // namespace waypost::explain
