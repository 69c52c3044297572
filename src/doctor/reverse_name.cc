#include "doctor/reverse_name.h"

#include <algorithm>

#include <fmt/format.h>

#include "io/task_group.h"

namespace waypost::doctor {
namespace {

using Kind = ReverseName::Kind;

constexpr std::chrono::seconds patience{5};
constexpr size_t names_max = 10;

// What a name leads to, in the family of the address.
struct Forward {
  std::vector<IpAddress> addresses;
  bool failed = false;
};

std::string joined(const std::vector<IpAddress>& addresses) {
  std::string text;
  for (const IpAddress& address : addresses) text += (text.empty() ? "" : ", ") + address.text();
  return text.empty() ? "nothing" : text;
}

io::Task<void> look_up_forward(Lookups lookups, std::string name, dns::AddressFamily family,
                               Forward& forward) {
  auto answer = co_await lookups.resolver.addresses(name, family, lookups.loop.now() + patience);
  forward.failed = !answer;
  if (answer) forward.addresses = std::move(answer->addresses);
  lookups.evidence.add(
      Evidence::Kind::dns, {},
      fmt::format("{} {}: {}", name, family == dns::AddressFamily::v4 ? "A" : "AAAA",
                  answer ? joined(forward.addresses) : answer.error().message()));
}

bool holds(const Forward& forward, const IpAddress& address) {
  return std::find(forward.addresses.begin(), forward.addresses.end(), address) !=
         forward.addresses.end();
}

io::Task<void> confirm(Lookups lookups, IpAddress address, ReverseName& found) {
  std::vector<Forward> forwards(found.names.size());
  const auto family = address.is_v4() ? dns::AddressFamily::v4 : dns::AddressFamily::v6;
  io::TaskGroup group;
  for (size_t i = 0; i < forwards.size(); ++i)
    group.start(look_up_forward(lookups, found.names[i], family, forwards[i]));
  co_await group.join();
  found.name = found.names.front();
  found.leads_to = joined(forwards.front().addresses);
  found.kind = Kind::mismatched;
  for (size_t i = 0; i < forwards.size(); ++i) {
    if (holds(forwards[i], address)) {
      found.kind = Kind::confirmed;
      found.name = found.names[i];
      co_return;
    }
    if (forwards[i].failed) found.kind = Kind::unknown;
  }
}

}  // namespace

io::Task<ReverseName> look_up_reverse_name(Lookups lookups, IpAddress address) {
  ReverseName found;
  auto answer = co_await lookups.resolver.ptr(address, lookups.loop.now() + patience);
  std::string told = answer ? "" : answer.error().message();
  if (answer) {
    found.names = std::move(answer->hosts);
    if (found.names.size() > names_max) found.names.resize(names_max);
    for (const std::string& name : found.names) told += (told.empty() ? "" : ", ") + name;
    if (found.names.empty()) found.kind = Kind::none;
  }
  lookups.evidence.add(Evidence::Kind::dns, {},
                       fmt::format("{} PTR: {}", address.text(), told.empty() ? "no name" : told));
  if (!found.names.empty()) co_await confirm(lookups, address, found);
  co_return found;
}

}  // namespace waypost::doctor
