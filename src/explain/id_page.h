#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "checks/catalogue.h"
#include "classify/rule_book.h"
#include "explain/page.h"
#include "explain/topics.h"

namespace waypost::explain {

// What a name stands for; exactly one pointer is set.
struct Entry {
  const classify::Rule* rule = nullptr;
  const classify::ClassFacts* reply_class = nullptr;
  const classify::CodeMeaning* code = nullptr;
  const classify::BlockList* list = nullptr;
  const classify::Provider* provider = nullptr;
  const Topic* topic = nullptr;
  const checks::Check* check = nullptr;
};

// An id of `doctor` ("M3001"), a rule's id, a class, a code ("5.7.1", "550"), a list's zone, a
// topic's id, the other name of an id of `doctor` ("tls-mode-mismatch"), a topic's other names, a
// provider, in this order.
// None when nothing has exactly this name; case does not count.
std::optional<Entry> find_entry(std::string_view name, const classify::RuleBook& book,
                                const Topics& topics);

// All that is known behind a name.
Page entry_page(const Entry& entry, const classify::RuleBook& book);
boost::json::object entry_json(const Entry& entry, const classify::RuleBook& book);

// Names that were perhaps meant, the nearest first.
std::vector<std::string> similar_names(std::string_view name, const classify::RuleBook& book,
                                       const Topics& topics);

}  // namespace waypost::explain
