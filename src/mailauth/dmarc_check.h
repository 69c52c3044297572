#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mailauth/dmarc_walk.h"

namespace waypost::mailauth {

// RFC 8601 §2.7.1 has the words of DMARC's results.
enum class DmarcResult { none, pass, fail, temperror, permerror };
std::string_view name(DmarcResult result);

// A domain that SPF or DKIM authenticated, or tried to.
struct DmarcIdentifier {
  std::string domain;
  bool passed = true;
  std::string result = "pass";  // in its mechanism's words
};

struct DmarcQuestion {
  std::string from_domain;  // of the From field
  std::optional<DmarcIdentifier> spf;
  std::vector<DmarcIdentifier> dkim;
};

struct DmarcAlignment {
  std::string domain;
  std::string organizational_domain;  // "" when nobody had to know it
  bool passed = false;
  bool strict = false;
  bool aligned = false;  // passed, and its domain fits
  std::string words;     // a sentence
};

struct DmarcVerdict {
  DmarcResult result = DmarcResult::none;
  std::string from_domain;
  std::string organizational_domain;
  std::string record_domain;  // whose record applies; "" for none
  std::optional<DmarcRecord> record;
  DmarcPolicy published = DmarcPolicy::none;  // as the tag says
  DmarcPolicy policy = DmarcPolicy::none;     // one step milder while testing ("t=y")
  std::string policy_tag;                     // "p", "sp" or "np"; "" when none counts
  std::optional<DmarcAlignment> spf;
  std::vector<DmarcAlignment> dkim;
  std::vector<DmarcStep> steps;  // of the walk from the From domain
  std::string problem;           // why the result is none or an error
  std::string words;             // a sentence: what a receiver does
};

// RFC 9989 §5.3 for one message. What the name system cannot answer until the deadline is a
// temperror.
io::Task<DmarcVerdict> check_dmarc(dns::Resolver& resolver, DmarcQuestion question,
                                   Instant deadline);

struct DmarcDestination {
  enum class State {
    own,          // of the same organizational domain: needs no leave
    authorised,   // its domain says that it takes these reports
    refused,      // it does not: receivers send nothing there
    unknown,      // the name system did not answer
    not_checked,  // no "mailto:", which nobody has to support
  };
  std::string uri;
  State state = State::not_checked;
  std::string question;  // the name whose TXT record gives leave
};
std::string_view name(DmarcDestination::State state);

// Whether reports about `record_domain` may go to these addresses (RFC 9990 §4).
io::Task<std::vector<DmarcDestination>> check_dmarc_destinations(dns::Resolver& resolver,
                                                                 std::string record_domain,
                                                                 std::vector<std::string> uris,
                                                                 Instant deadline);

}  // namespace waypost::mailauth
