#pragma once

#include "toml/diagnostic.h"
#include "toml/document.h"
#include "toml/outline.h"

namespace waypost::toml {

// The problem in the words of a person who writes a configuration, with the place that they should
// look at; `place` may move from where the parser gave up to where the mistake is.
Diagnostic explain_syntax_error(const SyntaxError& error, const Outline& outline, Place& place);

}  // namespace waypost::toml
