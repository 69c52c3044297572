#pragma once

#include <vector>

#include "classify/rule_book.h"
#include "toml/diagnostic.h"

namespace waypost::classify {

// rules/replies/*.toml as they were when the program was built. The build writes the source of it.
const std::vector<toml::Source>& shipped_rules();

// These alone, read at the first call. Any thread.
const RuleBook& shipped_book();

}  // namespace waypost::classify
