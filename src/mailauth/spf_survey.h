#pragma once

#include <string>
#include <vector>

#include "base/time.h"
#include "dns/resolver.h"
#include "io/task.h"
#include "mailauth/spf_network.h"
#include "mailauth/spf_record.h"

namespace waypost::mailauth {

struct SurveyedRecord;

// One term of a record, for whoever may send: not for one message.
struct SurveyedTerm {
  std::string text;  // as published
  SpfResult qualifier = SpfResult::pass;
  SpfMechanism mechanism = SpfMechanism::all;
  bool is_redirect = false;  // instead of a mechanism
  std::string target;        // the domain that it asks about; "" for none
  // False: what it matches depends on the message (macros, "exists", "ptr"), here or below.
  bool known = true;
  AddressSet addresses;        // that match it, when that is known; of a redirect nothing
  unsigned lookups = 0;        // itself and all below it
  bool found_nothing = false;  // itself

  unsigned void_lookups() const;      // that find nothing: itself and all below it
  std::string problem;                // which makes the record a permerror
  std::vector<SurveyedRecord> inner;  // of include and redirect: at most one
};

struct SurveyedRecord {
  std::string domain;
  std::string text;
  std::vector<SurveyedTerm> terms = {};     // the redirect last
  std::vector<std::string> modifiers = {};  // "exp=" and unknown ones, as published
  std::string problem = {};                 // "" when the record can be read

  unsigned lookups() const;
  unsigned void_lookups() const;
  bool known() const;
};

// Every SPF record of `domain`, with all that they include, whether or not a check would get there.
// None or several are an answer; a record that cannot be read has a problem. Fails when the name
// system does not answer. Limits: 100 terms that ask, 2,000 in all, ten levels.
io::Task<Result<std::vector<SurveyedRecord>>> survey_spf(dns::Resolver& resolver,
                                                         std::string domain, Instant deadline);

// The same of one text, as if `domain` had published it.
io::Task<Result<SurveyedRecord>> survey_spf_text(dns::Resolver& resolver, std::string domain,
                                                 std::string text, Instant deadline);

}  // namespace waypost::mailauth
