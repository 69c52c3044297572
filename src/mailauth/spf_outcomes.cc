#include "mailauth/spf_outcomes.h"

namespace waypost::mailauth {
namespace {

void give(SpfOutcomes& outcomes, SpfResult result, AddressSet addresses, AddressSet& remaining) {
  addresses = addresses.common_with(remaining);
  outcomes.of(result).add(addresses);
  remaining.remove(addresses);
}

void give_redirected(SpfOutcomes& outcomes, const SurveyedTerm& redirect, AddressSet& remaining) {
  if (redirect.inner.empty()) return;
  SpfOutcomes theirs = outcomes_of(redirect.inner.front().terms);
  for (SpfResult result :
       {SpfResult::pass, SpfResult::fail, SpfResult::softfail, SpfResult::neutral})
    give(outcomes, result, theirs.of(result), remaining);
}

// What is decided before each term that is not known, and in the end.
std::vector<SpfOutcomes> stages_of(const std::vector<SurveyedTerm>& terms) {
  std::vector<SpfOutcomes> stages;
  SpfOutcomes outcomes;
  AddressSet remaining = AddressSet::everything();
  for (const SurveyedTerm& term : terms) {
    if (!term.known)
      stages.push_back(outcomes);
    else if (term.is_redirect)
      give_redirected(outcomes, term, remaining);
    else
      give(outcomes, term.qualifier, term.addresses, remaining);
  }
  outcomes.neutral.add(remaining);
  stages.push_back(std::move(outcomes));
  return stages;
}

std::vector<std::string> unknown_terms(const std::vector<SurveyedTerm>& terms) {
  std::vector<std::string> texts;
  for (const SurveyedTerm& term : terms)
    if (!term.known) texts.push_back(term.text);
  return texts;
}

}  // namespace

AddressSet& SpfOutcomes::of(SpfResult result) {
  switch (result) {
    case SpfResult::pass:
      return pass;
    case SpfResult::fail:
      return fail;
    case SpfResult::softfail:
      return softfail;
    default:
      return neutral;
  }
}

SpfOutcomes outcomes_of(const std::vector<SurveyedTerm>& terms) { return stages_of(terms).back(); }

bool same_for_every_address(const std::vector<SurveyedTerm>& a,
                            const std::vector<SurveyedTerm>& b) {
  // An address that an unknown term may match gets that term's result in both, since the same
  // addresses were decided before it; one that none matches gets what the last stage says.
  return unknown_terms(a) == unknown_terms(b) && stages_of(a) == stages_of(b);
}

}  // namespace waypost::mailauth
