#pragma once

#include <string>
#include <vector>

#include "mailauth/spf_record.h"

namespace waypost::mailauth {

struct SpfRecordTrace;

enum class SpfTermOutcome {
  not_reached,  // an earlier term decided
  not_matched,
  matched,
  over_limit,  // the eleventh lookup, or a third that found nothing
  failed,      // temperror or permerror
};
// "not reached"
std::string_view name(SpfTermOutcome outcome);

// What became of one term of a record.
struct SpfTermTrace {
  std::string term;    // as published
  std::string target;  // the domain that was asked about, macros replaced; "" for none
  SpfTermOutcome outcome = SpfTermOutcome::not_reached;
  bool counted = false;        // toward the ten lookups
  bool found_nothing = false;  // a void lookup
  unsigned lookups = 0;  // of the whole check when this term was done, itself and below it included
  std::vector<std::string> answers;  // addresses and hosts that it was compared with
  std::string problem;
  std::vector<SpfRecordTrace> inner;  // of include and redirect: at most one
};

// One evaluation of check_host(), RFC 7208 §4.
struct SpfRecordTrace {
  std::string domain;
  std::string record;  // as published, its strings joined; "" when there is none
  SpfResult result = SpfResult::none;
  std::string problem;
  std::vector<SpfTermTrace> terms;
};

}  // namespace waypost::mailauth
