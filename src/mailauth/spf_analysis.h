#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mailauth/spf_outcomes.h"
#include "mailauth/spf_survey.h"
#include "mailauth/unread_record.h"

namespace waypost::mailauth {

// An answer that fits into the smallest packet of the name system with some room for its name (RFC
// 7208 §3.4).
constexpr size_t spf_record_octets_advised = 450;

struct SpfRemark {
  enum class Weight { note, warning, error };
  Weight weight = Weight::note;
  std::string text;  // a sentence
};

// Another record instead of the one or the ones that are published.
struct SpfProposal {
  std::string record;
  std::vector<SurveyedTerm> terms;   // that it has
  std::vector<std::string> strings;  // the record, in pieces that a TXT record can have
  unsigned lookups = 0;
  std::vector<std::string> removed;    // terms whose addresses the others cover
  std::vector<std::string> flattened;  // terms that became networks, which may change
  bool merged = false;                 // from several records
  // Every address gets the same as before (of merged records: passes where one of them let it), as
  // the networks were when it was computed.
  bool checked = false;
};

struct SpfAnalysis {
  std::string domain;
  std::vector<SurveyedRecord> records;
  unsigned lookups = 0;  // that the record can need at most
  // The term that is one lookup too many, and that term of the domain's own record which leads to
  // it; "" when there is none.
  std::string eleventh;
  std::string eleventh_below;
  SpfOutcomes outcomes;  // of a single record without errors
  bool known = false;    // the outcomes hold for every message
  std::vector<SpfRemark> remarks;
  std::optional<SpfProposal> proposal;  // when there is something better
};

// Pure: of what survey_spf() and find_unread_spf() found.
SpfAnalysis analyse_spf(std::string domain, std::vector<SurveyedRecord> records,
                        const std::vector<UnreadRecord>& unread = {});

// The better record, when there is one.
std::optional<SpfProposal> propose_spf(const std::vector<SurveyedRecord>& records);

// Every term of several records once, with nothing trimmed or flattened, whatever lookups that
// needs. None when there are fewer than two, or one of them is broken.
std::optional<SpfProposal> unite_spf(const std::vector<SurveyedRecord>& records);

}  // namespace waypost::mailauth
