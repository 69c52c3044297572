#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "dns/resolver.h"
#include "io/task.h"
#include "mailauth/dmarc_record.h"
#include "mailauth/unread_record.h"

namespace waypost::mailauth {

// RFC 9989 §4.10: no walk asks more questions.
constexpr size_t dmarc_questions_max = 8;

// One question of a walk.
struct DmarcStep {
  std::string domain;  // that was asked about, without "_dmarc."
  size_t records = 0;  // of DMARC that it has; only a single one counts
  std::optional<DmarcRecord> record;
  std::vector<UnreadRecord> unread;  // that stand there beside those
};

// The DNS tree walk from a domain up to its top-level domain.
struct DmarcWalk {
  std::vector<DmarcStep> steps;
  std::string organizational_domain;  // RFC 9989 §4.10.2

  // The record of that very domain, or nullptr.
  const DmarcRecord* record_of(const std::string& domain) const;
  // That of a public suffix above, which says so of itself; its domain is in the last step.
  const DmarcStep* suffix() const;
};

// Fails when the name system does not answer; with invalid_input for what is no domain.
io::Task<Result<DmarcWalk>> walk_dmarc(dns::Resolver& resolver, std::string domain,
                                       Instant deadline);

}  // namespace waypost::mailauth
