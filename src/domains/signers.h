#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "domains/domain_store.h"
#include "io/disk.h"
#include "mailauth/dkim_sign.h"

namespace waypost::domains {

// A key that comes from elsewhere and stays in its own file. It signs beside those of the store.
struct KeyFile {
  std::string domain;
  std::string selector;
  std::string file;  // absolute path
};

struct SignerSources {
  std::string folder;                // of the DomainStore
  std::vector<KeyFile> key_files;    // each domain and selector once
  std::vector<std::string> domains;  // of the store, those that sign; empty: all
};

// Who signs for whom. Never changes once it is made: any thread.
class Signers {
 public:
  using Plan = std::shared_ptr<const mailauth::SigningPlan>;

  // How mail from the domain is signed: with its own keys, or with those of the nearest domain
  // above it, which DMARC counts as much (relaxed alignment). Null where there are none. In the
  // form of normal_name().
  Plan find(std::string_view domain) const;
  // Keys that sign once their record is published.
  struct Awaited {
    std::string domain;       // whose they are
    std::string record;       // the name of the one that is to be published first
    std::string record_text;  // what stands there then; "" where its key cannot be read
    Plan plan;                // null where the keys cannot be read
  };
  // Who will sign for the domain, itself or the nearest above it, where find() knows none. Null
  // where nobody is about to.
  const Awaited* awaited(std::string_view domain) const;
  // The domain, or one above it, would sign, if its keys could be read: ask where find() knows
  // none.
  bool is_unreadable(std::string_view domain) const;
  // Nobody signs, and nobody is about to.
  bool empty() const { return plans_.empty() && awaited_.empty(); }
  std::vector<Plan> plans() const;

 private:
  friend class SignerReader;

  std::map<std::string, Plan, std::less<>> plans_;
  std::map<std::string, Awaited, std::less<>> awaited_;
  std::set<std::string, std::less<>> unreadable_;
  bool are_unknown_ = false;  // which domains there are
};

struct LoadedSigners {
  std::shared_ptr<const Signers> signers;  // never null
  // What could not be read, a sentence each, with its file; never a key.
  std::vector<std::string> troubles;
};

// Blocks. A domain whose keys cannot be read is signed as `before` (may be null) has it, so that a
// broken file never stops mail that was signed until now; without that it is unreadable.
LoadedSigners load_signers(io::Disk& disk, const SignerSources& sources, const Signers* before);

}  // namespace waypost::domains
