#pragma once

#include <string>
#include <vector>

#include "domains/domain_store.h"
#include "io/rng.h"
#include "publish/flows.h"

// The life of a domain's keys, as commands and the API lead them through it. What blocks says so.
namespace waypost::domains {

// Of a selector that is made: the letter of its type, the day, and letters that are drawn.
inline constexpr size_t selector_letters_drawn = 4;
inline constexpr size_t selector_octets = 1 + 8 + selector_letters_drawn;

// Makes keys with names that no key of the domain has. `said`: "rsa", "ed25519", "both"; "": of
// each type that signs, or both where none does. Fails as DomainStore::make_key() does. Blocks for
// up to a second.
Result<void> make_keys(DomainStore& store, SendingDomain& domain, const std::string& said,
                       WallTime now, io::Rng& rng);

// New keys while the old ones sign: already_exists where one is prepared still.
Result<void> rotate_keys(DomainStore& store, SendingDomain& domain, const std::string& said,
                         WallTime now, io::Rng& rng);

bool signs(const SendingDomain& domain);

// Prepared keys whose own record was seen sign from now on; all, or the one with that selector.
// `domain` is as the store has it now. Their selectors. Blocks.
Result<std::vector<std::string>> sign_with_seen(DomainStore& store, SendingDomain& domain,
                                                const publish::Verification& seen,
                                                const std::string& selector, WallTime now);

// The key with that selector signs no more; one that is prepared stays as it is, for those who may
// leave. not_found where there is none. Blocks.
Result<void> end_signing(DomainStore& store, SendingDomain& domain, const std::string& selector,
                         WallTime now);

// Which keys leave when that one does; "": those whose time is over.
struct Leaving {
  std::vector<DomainKey> gone;     // with their records
  std::vector<DomainKey> staying;  // retired; their records stay
};
// `force`: the one that is named goes now.
Leaving leaving_of(const SendingDomain& domain, const std::string& selector, bool force,
                   WallTime now);

}  // namespace waypost::domains
