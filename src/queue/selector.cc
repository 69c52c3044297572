#include "queue/selector.h"

#include <algorithm>

#include "base/ascii.h"

namespace waypost::queue {
namespace {

std::string_view domain_of(std::string_view address) {
  size_t at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

bool equals(const std::string& wanted, std::string_view found) {
  return wanted.empty() || base::equals_ignoring_case(wanted, found);
}

bool is_sender(const std::string& wanted, const std::string& found) {
  return wanted == "<>" ? found.empty() : equals(wanted, found);
}

bool fits_age(const Selector& selector, Duration age) {
  if (selector.older_than && age < *selector.older_than) return false;
  return !selector.newer_than || age <= *selector.newer_than;
}

}  // namespace

bool Selector::selects_something() const {
  bool by_name = !recipient.empty() || !domain.empty() || !site.empty() || !sender.empty() ||
                 !login.empty() || !stream.empty() || !tenant.empty() || !reply_class.empty();
  return all || by_name || !ids.empty() || older_than || newer_than || hold;
}

bool Selector::matches(const Standing& standing, WallTime now) const {
  if (!ids.empty() && std::find(ids.begin(), ids.end(), standing.id) == ids.end()) return false;
  if (hold && standing.hold != *hold) return false;
  if (!fits_age(*this, now - standing.accepted_at)) return false;
  // Tenants and logins are names of ours: their case counts.
  auto is = [](const std::string& wanted, const std::string& found) {
    return wanted.empty() || wanted == found;
  };
  return equals(recipient, standing.recipient) && equals(domain, domain_of(standing.recipient)) &&
         equals(site, standing.site) && is_sender(sender, standing.sender) &&
         is(login, standing.login) && equals(stream, standing.stream) &&
         is(tenant, standing.tenant) && is(reply_class, standing.reply_class);
}

}  // namespace waypost::queue
