#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "mailauth/dkim_key.h"
#include "mailauth/dmarc_record.h"

// The domains that mail is sent from, with the keys that sign it. docs/format/domains.md has the
// files.
namespace waypost::domains {

// The kinds of keys that are made: RSA with 2048 bits, and Ed25519.
using KeyType = mailauth::KeyType;
// "rsa2048" or "ed25519".
std::string_view type_name(KeyType type);

// What a key is good for. It goes through these in their order; a mistake may skip `signing`.
enum class KeyState {
  prepared,  // made; its record is to be published, and nothing is signed with it yet
  signing,   // its record was seen
  retired,   // mail that it signed is still on its way, so that its record must stay a while
};
// "prepared", "signing", "retired".
std::string_view name(KeyState state);

struct DomainKey {
  std::string selector;
  KeyType type = KeyType::rsa;
  KeyState state = KeyState::prepared;
  std::string file;  // its name in the folder of the domain: "r1.pem"
  WallTime made_at;
  WallTime since;  // when it came to its state

  bool operator==(const DomainKey&) const = default;
};

struct SendingDomain {
  std::string domain;                           // A-labels, lower case
  std::optional<std::string> return_path;       // the domain that its bounces go to
  std::optional<mailauth::DmarcPolicy> policy;  // what its DMARC record asks for by now
  // Whom its SPF record lets send, as SPF terms with a space between: "ip4:192.0.2.1". Empty: the
  // addresses that the configuration sends from.
  std::string senders;
  std::string reports;          // the mailbox for DMARC's reports; empty: postmaster of the domain
  std::vector<DomainKey> keys;  // in the order in which they were made

  // Null when there is none.
  const DomainKey* find(std::string_view selector) const;

  bool operator==(const SendingDomain&) const = default;
};

inline constexpr size_t domain_keys_max = 16;
// How long the record of a retired key stays: as long as a message may wait, and longer than
// receivers take to check it.
inline constexpr std::chrono::days retired_published_for{14};

// The name as it stands in files and in DNS: A-labels, lower case, no final dot. invalid_input,
// with `what` it should have been ("domain", "selector").
Result<std::string> normal_name(std::string_view name, std::string_view what);

// What anything that reads or writes a domain holds to: names that are names, each selector and
// file once, at most one signing key of a type. invalid_input says what is wrong.
Result<void> check_domain(const SendingDomain& domain);

// A prepared key signs from now on; the one of its type that signed so far is retired. not_found,
// or invalid_input when the key is retired: mail signed by it again could lose its record any day.
// Nothing changes when it signs already.
Result<void> start_signing(SendingDomain& domain, std::string_view selector, WallTime now);
// A key signs no more. Nothing changes when it is retired already.
Result<void> retire(SendingDomain& domain, std::string_view selector, WallTime now);
// Whether the record of the key may leave DNS.
bool may_be_withdrawn(const DomainKey& key, WallTime now);

}  // namespace waypost::domains
