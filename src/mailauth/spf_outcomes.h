#pragma once

#include <vector>

#include "mailauth/spf_survey.h"

namespace waypost::mailauth {

// What every address gets of a record. Terms whose addresses are not known match nothing here.
struct SpfOutcomes {
  AddressSet pass;
  AddressSet fail;
  AddressSet softfail;
  AddressSet neutral;

  AddressSet& of(SpfResult result);
  bool operator==(const SpfOutcomes&) const = default;
};

SpfOutcomes outcomes_of(const std::vector<SurveyedTerm>& terms);

// Whether every address gets the same from both, whatever the terms match that are not known. Those
// must be the same in both, in the same order.
bool same_for_every_address(const std::vector<SurveyedTerm>& a, const std::vector<SurveyedTerm>& b);

}  // namespace waypost::mailauth
