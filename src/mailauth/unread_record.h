#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "dns/resolver.h"
#include "io/task.h"

// TXT records that were meant for SPF or DMARC, and that receivers do not see as such.
namespace waypost::mailauth {

struct UnreadRecord {
  std::string text;  // as published
  std::string why;   // without a full stop
};

// Why receivers do not take the text for an SPF record (RFC 7208 §4.5); "" when they do, or nobody
// can have meant it as one.
std::string why_no_spf_record(std::string_view text);
// The same of DMARC (RFC 9989 §4.7), for a text at a name that starts with "_dmarc.".
std::string why_no_dmarc_record(std::string_view text);

// The near misses of SPF among the TXT records of a domain. Fails when the name system does not
// answer.
io::Task<Result<std::vector<UnreadRecord>>> find_unread_spf(dns::Resolver& resolver,
                                                            std::string domain, Instant deadline);

}  // namespace waypost::mailauth
