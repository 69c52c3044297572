#include "guard/address.h"

#include "base/ascii.h"
#include "dns/idn.h"

namespace waypost::guard {

std::string domain_key(std::string_view domain) {
  Result<std::string> labels = dns::to_a_labels(domain);
  return base::to_lower(labels ? *labels : std::string(domain));
}

std::string address_key(const smtp::Mailbox& mailbox) {
  std::string key = base::to_lower(mailbox.local_part);
  key += '@';
  key += domain_key(mailbox.domain);
  return key;
}

Result<std::string> address_key(std::string_view address) {
  TRY(const smtp::Mailbox mailbox, smtp::parse_mailbox(address, smtp::Characters::utf8));
  return address_key(mailbox);
}

bool is_at_or_below(std::string_view domain, std::string_view above) {
  return domain == above || (domain.size() > above.size() && domain.ends_with(above) &&
                             domain[domain.size() - above.size() - 1] == '.');
}

Result<void> set_keys(records::Suppression& entry) {
  TRY(entry.key, address_key(entry.address));
  if (entry.scope == records::SuppressionScope::sender_domain)
    entry.scope_name = domain_key(entry.scope_name);
  return {};
}

}  // namespace waypost::guard
