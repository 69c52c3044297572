#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"
#include "domains/domain_store.h"
#include "publish/plan.h"

// What a sending domain must publish, by what is kept of it.
namespace waypost::domains {

// The relay that sends, as its configuration has it.
struct SendingRelay {
  std::string hostname;
  std::vector<IpAddress>
      addresses;  // that it sends from; those of a network of one's own count not
};

Result<publish::Key> published_form(const DomainStore& store, const SendingDomain& domain,
                                    const DomainKey& key);

// With the keys that are prepared or sign. Fails as DomainStore::load_key() does. Blocks.
Result<publish::Needs> needs_of(const DomainStore& store, const SendingDomain& domain,
                                const SendingRelay& relay);

}  // namespace waypost::domains
