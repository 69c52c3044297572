#include "dns/memory_resolver.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/rdata.h"

namespace waypost::dns {
namespace {

constexpr std::chrono::hours ttl{1};

std::string key_of(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return base::to_lower(name);
}

// The part of an answer that does not depend on its type.
template <class T>
T answer_about(const std::string& name, bool exists, bool has_records) {
  T answer;
  answer.canonical_name = name;
  answer.ttl = ttl;
  answer.status = !exists       ? AnswerStatus::no_such_name
                  : has_records ? AnswerStatus::found
                                : AnswerStatus::no_such_record;
  return answer;
}

}  // namespace

void MemoryResolver::add_mx(std::string_view domain, uint16_t preference, std::string_view host) {
  entries_[key_of(domain)].mx.push_back({preference, key_of(host)});
}

void MemoryResolver::add_address(std::string_view host, const IpAddress& address) {
  entries_[key_of(host)].addresses.push_back(address);
}

void MemoryResolver::add_txt(std::string_view name, std::vector<std::string> strings) {
  entries_[key_of(name)].txt.push_back({std::move(strings)});
}

void MemoryResolver::add_alias(std::string_view name, std::string_view target) {
  aliases_[key_of(name)] = key_of(target);
}

void MemoryResolver::add_ptr(std::string_view name, std::string_view host) {
  entries_[key_of(name)].hosts.push_back(key_of(host));
}

void MemoryResolver::add_srv(std::string_view service, SrvRecord record) {
  record.host = key_of(record.host);
  entries_[key_of(service)].services.push_back(std::move(record));
}

void MemoryResolver::set_failure(std::string_view name, Error error) {
  entries_[key_of(name)].failure = std::move(error);
}

void MemoryResolver::clear_failure(std::string_view name) {
  auto entry = entries_.find(key_of(name));
  if (entry == entries_.end()) return;
  entry->second.failure.reset();
  // The failure alone did not make the name exist.
  const Entry& left = entry->second;
  if (left.mx.empty() && left.addresses.empty() && left.txt.empty() && left.hosts.empty() &&
      left.services.empty())
    entries_.erase(entry);
}

std::string MemoryResolver::followed(std::string name) const {
  const auto alias = aliases_.find(name);
  return alias == aliases_.end() ? name : alias->second;
}

io::Task<Result<const MemoryResolver::Entry*>> MemoryResolver::look_up(std::string name,
                                                                       Instant deadline,
                                                                       Duration more_latency) {
  const Duration latency = latency_ + more_latency;
  Instant answered_at = loop_.now() + latency;
  if (latency > Duration(0)) co_await io::sleep_until(loop_, std::min(answered_at, deadline));
  if (answered_at > deadline)
    co_return failure(ErrorCode::timed_out, fmt::format("no answer about {} in time", name));
  auto entry = entries_.find(name);
  if (entry == entries_.end()) co_return nullptr;
  if (entry->second.failure) co_return failure(*entry->second.failure);
  co_return &entry->second;
}

io::Task<Result<MxAnswer>> MemoryResolver::mx(std::string domain, Instant deadline) {
  CO_TRY(std::string name, normalize_question(domain));
  name = followed(std::move(name));
  CO_TRY(const Entry* entry, co_await look_up(name, deadline));
  auto answer = answer_about<MxAnswer>(name, entry, entry && !entry->mx.empty());
  if (entry) answer.records = entry->mx;
  co_return answer;
}

io::Task<Result<AddressAnswer>> MemoryResolver::addresses(std::string host, AddressFamily family,
                                                          Instant deadline) {
  CO_TRY(std::string name, normalize_question(host));
  name = followed(std::move(name));
  const Duration more = family == AddressFamily::v6 ? v6_latency_ : Duration(0);
  CO_TRY(const Entry* entry, co_await look_up(name, deadline, more));
  std::vector<IpAddress> found;
  for (const IpAddress& address : entry ? entry->addresses : std::vector<IpAddress>()) {
    if (address.is_v4() == (family == AddressFamily::v4)) found.push_back(address);
  }
  auto answer = answer_about<AddressAnswer>(name, entry, !found.empty());
  answer.addresses = std::move(found);
  co_return answer;
}

io::Task<Result<TxtAnswer>> MemoryResolver::txt(std::string asked, Instant deadline) {
  CO_TRY(std::string name, normalize_question(asked));
  name = followed(std::move(name));
  CO_TRY(const Entry* entry, co_await look_up(name, deadline));
  auto answer = answer_about<TxtAnswer>(name, entry, entry && !entry->txt.empty());
  if (entry) answer.records = entry->txt;
  co_return answer;
}

io::Task<Result<PtrAnswer>> MemoryResolver::ptr(IpAddress address, Instant deadline) {
  std::string name = reverse_name(address);
  CO_TRY(const Entry* entry, co_await look_up(name, deadline));
  auto answer = answer_about<PtrAnswer>(name, entry, entry && !entry->hosts.empty());
  if (entry) answer.hosts = entry->hosts;
  co_return answer;
}

io::Task<Result<SrvAnswer>> MemoryResolver::srv(std::string service, Instant deadline) {
  CO_TRY(std::string name, normalize_question(service));
  CO_TRY(const Entry* entry, co_await look_up(name, deadline));
  auto answer = answer_about<SrvAnswer>(name, entry, entry && !entry->services.empty());
  if (entry) answer.records = entry->services;
  co_return answer;
}

}  // namespace waypost::dns
