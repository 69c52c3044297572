#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace waypost::records {

// Which mail an address is not written to with.
enum class SuppressionScope {
  all_mail,
  stream,         // of one stream
  sender_domain,  // from one domain
};
std::string_view name(SuppressionScope scope);  // "all", "stream", "sender-domain"
std::optional<SuppressionScope> parse_suppression_scope(std::string_view name);

// One address that is not to be written to, and why.
struct Suppression {
  // What addresses compare by: the local part with ASCII letters in lower case, the domain in lower
  // case and in A-labels (guard/address.h makes it). One key and scope has one entry.
  std::string key;
  std::string address;  // as it was written
  SuppressionScope scope = SuppressionScope::all_mail;
  std::string scope_name;  // of the stream or domain, in lower case; empty for all mail
  std::string reason;      // a class of replies, "complaint", "unsubscribe", "by-hand"
  std::string message;     // the id of the message whose fate it was; empty: there was none
  std::string evidence;    // what they said, or a note; any octets
  WallTime since;
  std::optional<WallTime> expires;  // none: never
  std::string who;                  // "relay", or the user who did it

  bool operator==(const Suppression&) const = default;
};

inline constexpr size_t suppression_evidence_octets_max = 1000;  // more is cut

// What is to be listed; what is empty selects nothing.
struct SuppressionFilter {
  std::string reason;
  std::string domain;  // of the address
  std::optional<WallTime> since;
};

// Where a list goes on.
struct SuppressionPlace {
  std::string key;
  std::string scope;  // as stored
};

// What an addition did.
enum class Addition {
  added,     // it is new, or takes the place of one that had run out or was to run out earlier
  unchanged  // it is there already
};

// The addresses that are not written to, in a database file of their own, which a newer schema
// brings up to date. Every call blocks on the disk: on a Worker, or in a command while no relay
// runs. One thread at a time. Fails as the disk does; corrupt when the file is no database,
// invalid_input when a newer Waypost wrote it.
class Suppressions {
 public:
  // Makes the file (0600) and its folder (0700) when they are new.
  static Result<std::unique_ptr<Suppressions>> open(const std::string& path);
  ~Suppressions();

  // All in one commit that is synced; the answer has one entry for each. What is there stays as it
  // is, unless it has run out by `now`, or runs out before the new one, or `replace` says so.
  Result<std::vector<Addition>> add(std::span<const Suppression> entries, WallTime now,
                                    bool replace);
  // Of that key; without a scope: in all of them. What was removed comes back.
  Result<std::vector<Suppression>> remove(
      std::string_view key, const std::optional<std::pair<SuppressionScope, std::string>>& scope);
  // Also what has run out.
  Result<std::vector<Suppression>> find(std::string_view key);
  // By key and scope, `limit` at most, from behind `after` on.
  Result<std::vector<Suppression>> list(const SuppressionFilter& filter,
                                        const std::optional<SuppressionPlace>& after,
                                        uint64_t limit);
  // All of them, in no order.
  Result<void> visit(const std::function<void(const Suppression&)>& take);
  Result<uint64_t> count();

 private:
  struct Impl;
  explicit Suppressions(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Where `list` goes on behind that one.
SuppressionPlace place_of(const Suppression& entry);

}  // namespace waypost::records
