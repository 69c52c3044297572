#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domains/sending_domain.h"
#include "io/disk.h"
#include "mailauth/dkim_sign.h"
#include "mailauth/private_key.h"

namespace waypost::domains {

inline constexpr size_t domains_max = 10'000;

// The sending domains and their keys in a folder that only its owner may enter: DOMAIN.toml, and
// DOMAIN/SELECTOR.pem for each key. Each file is replaced as a whole; of two processes that change
// one domain at once the later wins. Names may be given in any form that normal_name() takes. Every
// call blocks.
class DomainStore {
 public:
  // `disk` outlives it. Nothing is made before the first change.
  DomainStore(io::Disk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  // Their names, sorted; of files whose name is no domain's nothing is told.
  Result<std::vector<std::string>> list() const;
  // not_found where there is none; corrupt for a file that does not hold what it should, or names
  // another domain.
  Result<SendingDomain> load(std::string_view domain) const;
  // Instead of what was there. invalid_input as check_domain() says.
  Result<void> store(const SendingDomain& domain);
  // With its keys: mail that they signed cannot be checked once their records are gone.
  Result<void> remove(std::string_view domain);

  // Makes a key in the state `prepared` and stores the domain with it; `domain` has it as well
  // then. already_exists when the selector is taken, by a file too. Takes up to a second for RSA.
  Result<void> make_key(SendingDomain& domain, std::string_view selector, KeyType type,
                        WallTime now);
  // Takes a retired or prepared key out, and its file; invalid_input for one that signs.
  Result<void> remove_key(SendingDomain& domain, std::string_view selector);
  // permission_denied when all users of the machine can read it, corrupt when it is none, or none
  // of the type that the domain's file says. Never quotes the key.
  Result<mailauth::PrivateKey> load_key(const SendingDomain& domain, const DomainKey& key) const;

  // How mail of the domain is signed: with each key that is in the state `signing`. Nothing when
  // there is no such domain, or no such key.
  Result<std::optional<mailauth::SigningPlan>> signing_plan(std::string_view domain) const;

 private:
  std::string file_of(std::string_view domain) const;
  std::string folder_of(std::string_view domain) const;

  io::Disk& disk_;
  std::string folder_;
};

}  // namespace waypost::domains
