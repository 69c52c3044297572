#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "classify/classifier.h"

namespace waypost::explain {

// A reading with the words that go with it: the rule's where it has them, else the class's.
struct Answer {
  const classify::Reading& reading;
  const classify::ClassPage& page;

  std::string_view title;
  std::string_view meaning;           // what it means here
  std::string_view standard_meaning;  // what its code means everywhere; empty without a known code
  std::string_view standard_code;     // whose meaning that is: "5.7.1" or "550"
  std::string_view actor;             // who must act, in words
  const std::vector<std::string>& remedy;
};

// Views point into the reading and the book.
Answer answer(const classify::Reading& reading, const classify::RuleBook& book);

// "transient", "permanent"; empty when the text states neither.
std::string_view name(classify::Disposition disposition);

}  // namespace waypost::explain
