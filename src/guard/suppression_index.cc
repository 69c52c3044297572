#include "guard/suppression_index.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/ascii.h"
#include "io/digest.h"

namespace waypost::guard {
namespace {

using records::Suppression;
using records::SuppressionScope;

// People may name reasons of their own; what is beyond shares one name here, and keeps its own in
// the database.
constexpr size_t reasons_max = 1000;
constexpr std::string_view other_reason = "other";

uint32_t seconds_of(WallTime time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  return static_cast<uint32_t>(std::clamp<int64_t>(seconds.count(), 1, UINT32_MAX));
}

}  // namespace

SuppressionIndex::Hash SuppressionIndex::hash_of(SuppressionScope scope,
                                                 std::string_view scope_name,
                                                 std::string_view key) {
  // No part of it holds a NUL.
  std::string text(1, static_cast<char>('0' + int(scope)));
  text.append(scope_name).append(1, '\0').append(key);
  const std::array<uint8_t, 32> digest = io::sha256(text);
  Hash hash;
  static_assert(sizeof(hash) <= sizeof(digest));
  std::memcpy(hash.data(), digest.data(), sizeof(hash));
  return hash;
}

void SuppressionIndex::put(std::span<const Suppression> entries) {
  for (const Suppression& one : entries) {
    const Hash hash = hash_of(one.scope, one.scope_name, one.key);
    std::unique_lock lock(mutex_);
    const Entry entry{seconds_of(one.since), one.expires ? seconds_of(*one.expires) : 0,
                      number_of(one.reason)};
    if (entries_.insert_or_assign(hash, entry).second) ++of_scope_[size_t(one.scope)];
  }
}

void SuppressionIndex::remove(std::span<const Suppression> entries) {
  for (const Suppression& one : entries) {
    const Hash hash = hash_of(one.scope, one.scope_name, one.key);
    std::unique_lock lock(mutex_);
    of_scope_[size_t(one.scope)] -= entries_.erase(hash);
  }
}

uint16_t SuppressionIndex::number_of(const std::string& reason) {
  auto known = std::find(reasons_.begin(), reasons_.end(), reason);
  if (known == reasons_.end() && reasons_.size() >= reasons_max)
    known = std::find(reasons_.begin(), reasons_.end(), other_reason);
  if (known == reasons_.end())
    known = reasons_.insert(reasons_.end(),
                            reasons_.size() < reasons_max ? reason : std::string(other_reason));
  return static_cast<uint16_t>(known - reasons_.begin());
}

std::optional<Suppressed> SuppressionIndex::find(const Question& question, WallTime now) const {
  const std::array<std::string, 3> names{"", base::to_lower(question.stream),
                                         std::string(question.sender_domain)};
  for (size_t i = 0; i < names.size(); ++i) {
    const auto scope = SuppressionScope(i);
    if (scope != SuppressionScope::all_mail && names[i].empty()) continue;
    {
      std::shared_lock lock(mutex_);
      if (of_scope_[i] == 0) continue;
    }
    if (auto found = find(hash_of(scope, names[i], question.key), now)) return found;
  }
  return std::nullopt;
}

std::optional<Suppressed> SuppressionIndex::find(const Hash& hash, WallTime now) const {
  std::shared_lock lock(mutex_);
  auto found = entries_.find(hash);
  if (found == entries_.end()) return std::nullopt;
  const Entry& entry = found->second;
  if (entry.expires != 0 && entry.expires <= seconds_of(now)) return std::nullopt;
  return Suppressed{reasons_[entry.reason], WallTime(std::chrono::seconds(entry.since))};
}

size_t SuppressionIndex::size() const {
  std::shared_lock lock(mutex_);
  return entries_.size();
}

}  // namespace waypost::guard
