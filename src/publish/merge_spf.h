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
  std::string problem;               // a sentence: why receivers will take it for broken, or ""
};

// One record that has `terms` and all that the published ones have, word for word. What lets the
// addresses pass already is not added again. Fails with invalid_input where a published record
// cannot be read, or where it cannot be told that one made of several lets the same senders pass: a
// person must mend that first.
Result<MergedSpf> merge_spf(const std::vector<mailauth::SurveyedRecord>& records,
                            const std::vector<std::string>& terms);

}  // namespace waypost::publish
