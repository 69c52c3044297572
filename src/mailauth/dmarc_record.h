#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace waypost::mailauth {

enum class DmarcPolicy { none, quarantine, reject };
std::string_view name(DmarcPolicy policy);
// None for anything else than those names, in any case.
std::optional<DmarcPolicy> parse_dmarc_policy(std::string_view value);

// Whether a domain says of itself that it is a public suffix (RFC 9989 §4.7, "psd").
enum class DmarcSuffix { unknown, yes, no };

struct DmarcRecord {
  std::string text;                             // as published
  std::optional<DmarcPolicy> policy;            // p
  std::optional<DmarcPolicy> subdomain_policy;  // sp
  std::optional<DmarcPolicy> absent_policy;     // np, for subdomains that do not exist
  bool strict_dkim = false;                     // adkim=s
  bool strict_spf = false;                      // aspf=s
  DmarcSuffix suffix = DmarcSuffix::unknown;    // psd
  bool testing = false;                         // t=y
  // Where reports go, as published, without an obsolete "!size"; only those that are URIs.
  std::vector<std::string> aggregate_uris;  // rua
  std::vector<std::string> failure_uris;    // ruf
  std::string failure_options = "0";        // fo
  // Every tag in its order, names in lower case.
  std::vector<std::pair<std::string, std::string>> tags;
  std::vector<std::string> problems;  // what is wrong and was ignored, as sentences
  std::vector<std::string> notes;     // tags that RFC 9989 took away, as sentences
  // Why the policies that stand there do not count, without a full stop; "" when they do, or none
  // stands there.
  std::string policy_fault;

  // What to do with mail of the domain itself, of a subdomain, of one that does not exist; none
  // when no policy is stated that can be read and no reports are wanted: then DMARC does not apply.
  bool applies() const;
  DmarcPolicy own() const;
  DmarcPolicy for_subdomain(bool exists) const;
  // "p", "sp" or "np": where for_subdomain() has it from.
  std::string_view subdomain_tag(bool exists) const;
};

// Whether a TXT record is one of DMARC's: it starts with "v=DMARC1", case-sensitive in the value.
bool is_dmarc_record(std::string_view text);

// RFC 9989 §4.8: unknown tags and wrong values are ignored, with a problem noted. Fails with
// invalid_input only where is_dmarc_record() is false. Limit: 100 tags.
Result<DmarcRecord> parse_dmarc_record(std::string_view text);

// The host of a "mailto:" URI; "" when it has none.
std::string mailto_host(std::string_view uri);

}  // namespace waypost::mailauth
