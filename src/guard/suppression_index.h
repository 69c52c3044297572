#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "records/suppressions.h"

namespace waypost::guard {

// With which mail an address would be written to.
struct Question {
  std::string_view key;            // of address_key()
  std::string_view stream;         // any case
  std::string_view sender_domain;  // of domain_key(); empty for the null reverse-path
};

struct Suppressed {
  std::string reason;
  WallTime since;  // to the second
};

// The addresses that are not written to, in memory, for the path of the mail: a question takes
// about 1.5 us and no disk. An entry takes about 80 octets whatever the address is, since
// only 128 bits of a hash of it are kept: two addresses with the same ones would take 2^64 tries.
// Any thread.
class SuppressionIndex {
 public:
  // Takes the place of what has the same key and scope.
  void put(std::span<const records::Suppression> entries);
  void remove(std::span<const records::Suppression> entries);

  // Why that is not to be sent, if so. What concerns all mail comes before what concerns a part.
  std::optional<Suppressed> find(const Question& question, WallTime now) const;

  size_t size() const;

 private:
  using Hash = std::array<uint64_t, 2>;
  struct HashOfHash {
    size_t operator()(const Hash& hash) const { return hash[0]; }
  };
  // In seconds since 1970.
  struct Entry {
    uint32_t since = 0;
    uint32_t expires = 0;  // 0: never
    uint16_t reason = 0;   // index into reasons_
  };
  static Hash hash_of(records::SuppressionScope scope, std::string_view scope_name,
                      std::string_view key);
  uint16_t number_of(const std::string& reason);
  std::optional<Suppressed> find(const Hash& hash, WallTime now) const;

  mutable std::shared_mutex mutex_;
  std::unordered_map<Hash, Entry, HashOfHash> entries_;
  std::array<size_t, 3> of_scope_{};  // entries of each: most lists have one kind
  std::vector<std::string> reasons_;
};

}  // namespace waypost::guard
