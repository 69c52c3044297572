#pragma once

#include <string_view>

#include "classify/rule_book.h"

namespace waypost::classify {

// Whether it is this provider that spoke: by the host that said `text`, which may be empty, or by
// what only it writes. That one of its rules holds proves nothing: some hold for words that others
// use as well. Of the text only the first input_octets_max octets are read.
bool is_spoken_by(const Provider& provider, std::string_view host, std::string_view text,
                  const RuleBook& book);

}  // namespace waypost::classify
