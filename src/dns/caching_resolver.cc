#include "dns/caching_resolver.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::dns {
namespace {

constexpr Duration kept_at_most = std::chrono::hours(1);
constexpr Duration absence_kept_at_most = std::chrono::minutes(1);

std::string key_of(char type, std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string key(1, type);
  for (char c : name) key += base::to_lower(c);
  return key;
}

}  // namespace

template <class A>
const A* CachingResolver::find(const std::string& key) {
  auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  Entry& entry = found->second;
  if (entry.until <= loop_.now()) {
    uses_.erase(entry.use);
    entries_.erase(found);
    return nullptr;
  }
  uses_.splice(uses_.begin(), uses_, entry.use);
  return &std::get<A>(entry.answer);
}

template <class A>
void CachingResolver::keep(std::string key, const Result<A>& answer) {
  if (!answer || answers_max_ == 0) return;
  const bool found = answer->status == AnswerStatus::found;
  // What somebody else asked meanwhile is as good.
  if (entries_.find(key) != entries_.end()) return;
  if (entries_.size() == answers_max_) {
    entries_.erase(entries_.find(*uses_.back()));
    uses_.pop_back();
  }
  const Duration kept = std::min(answer->ttl, found ? kept_at_most : absence_kept_at_most);
  auto [at, added] = entries_.emplace(std::move(key), Entry{*answer, loop_.now() + kept, {}});
  uses_.push_front(&at->first);
  at->second.use = uses_.begin();
}

io::Task<Result<MxAnswer>> CachingResolver::mx(std::string domain, Instant deadline) {
  std::string key = key_of('m', domain);
  if (const auto* kept = find<MxAnswer>(key)) co_return *kept;
  Result<MxAnswer> answer = co_await inner_.mx(std::move(domain), deadline);
  keep(std::move(key), answer);
  co_return answer;
}

io::Task<Result<AddressAnswer>> CachingResolver::addresses(std::string host, AddressFamily family,
                                                           Instant deadline) {
  std::string key = key_of(family == AddressFamily::v4 ? '4' : '6', host);
  if (const auto* kept = find<AddressAnswer>(key)) co_return *kept;
  Result<AddressAnswer> answer = co_await inner_.addresses(std::move(host), family, deadline);
  keep(std::move(key), answer);
  co_return answer;
}

io::Task<Result<TxtAnswer>> CachingResolver::txt(std::string name, Instant deadline) {
  std::string key = key_of('t', name);
  if (const auto* kept = find<TxtAnswer>(key)) co_return *kept;
  Result<TxtAnswer> answer = co_await inner_.txt(std::move(name), deadline);
  keep(std::move(key), answer);
  co_return answer;
}

io::Task<Result<PtrAnswer>> CachingResolver::ptr(IpAddress address, Instant deadline) {
  std::string key = "p" + std::string(address.octets());
  if (const auto* kept = find<PtrAnswer>(key)) co_return *kept;
  Result<PtrAnswer> answer = co_await inner_.ptr(address, deadline);
  keep(std::move(key), answer);
  co_return answer;
}

io::Task<Result<SrvAnswer>> CachingResolver::srv(std::string service, Instant deadline) {
  std::string key = key_of('s', service);
  if (const auto* kept = find<SrvAnswer>(key)) co_return *kept;
  Result<SrvAnswer> answer = co_await inner_.srv(std::move(service), deadline);
  keep(std::move(key), answer);
  co_return answer;
}

}  // namespace waypost::dns
