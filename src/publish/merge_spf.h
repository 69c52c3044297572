#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "mailauth/spf_survey.h"

namespace waypost::publish {

struct MergedSpf {
  std::string text;
  bool unchanged = false;            // the one record that is there does already
  std::vector<std::string> remarks;  // sentences
};

// One record that has `senders`, terms that are to pass, and all that the published ones have, word
// for word. What lets the addresses pass already is not added again. A term goes in front of what
// would take its addresses first (RFC 7208 §4.6.2): every address of a network or a host passes,
// and of an include one at least, by what is known of them.
//
// Fails with invalid_input, and a sentence on what a person must mend first, where receivers would
// take the record for broken: a published record or a sender cannot be read, it needs more than ten
// lookups or more than two that find nothing, or it cannot be told that one made of several lets
// the same senders pass.
Result<MergedSpf> merge_spf(const std::vector<mailauth::SurveyedRecord>& records,
                            const std::vector<mailauth::SurveyedTerm>& senders);

}  // namespace waypost::publish
