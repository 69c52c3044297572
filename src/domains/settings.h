#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "domains/domain_store.h"

// What people say of a sending domain.
namespace waypost::domains {

// What is empty stays as it is.
struct DomainSettings {
  std::vector<std::string> senders;  // as publish::sender_term() takes them
  std::string return_path;           // the domain that bounces go to
  std::string reports;               // a mail address
  std::string policy;                // "none", "quarantine", "reject"
};

// invalid_input for what cannot be used; the domain passes check_domain() afterwards.
Result<void> take_settings(const DomainSettings& settings, SendingDomain& domain);

// "ip4:192.0.2.1"
std::string network_term(const IpAddress& address);

// The domain as it is kept, or one without keys that is not kept yet. Fails as load() does, and
// with invalid_input for a new one that can publish nothing, with resource_exhausted where there
// are domains_max others. Blocks.
Result<SendingDomain> load_or_begin(const DomainStore& store, const std::string& name);

}  // namespace waypost::domains
