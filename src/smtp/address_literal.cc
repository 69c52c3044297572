#include "smtp/address_literal.h"

namespace waypost::smtp {

std::optional<IpAddress> address_of_literal(std::string_view domain) {
  if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
  domain.remove_prefix(1);
  domain.remove_suffix(1);
  if (domain.starts_with("IPv6:")) domain.remove_prefix(5);
  auto address = IpAddress::parse(domain);
  return address ? std::optional(*address) : std::nullopt;
}

}  // namespace waypost::smtp
