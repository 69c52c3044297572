#include "intake/author.h"

#include <fmt/format.h>

#include "domains/sending_domain.h"
#include "message/address_list.h"

namespace waypost::intake {
namespace {

constexpr size_t authors_read_max = 100;

// The one domain of all addresses of the field `name`.
Result<std::string> domain_in(const message::HeaderBlock& header, const char* name,
                              size_t addresses_max) {
  const auto no_domain = [](std::string why) {
    return failure(ErrorCode::invalid_input, std::move(why));
  };
  const message::HeaderField* field = header.find(name);
  if (!field) return no_domain(fmt::format("The message has no {} field", name));
  if (header.count(name) > 1)
    return no_domain(fmt::format("The message has more than one {} field", name));
  auto addresses = message::parse_address_list(field->value);
  if (!addresses || addresses->empty())
    return no_domain(fmt::format("The {} field holds no address that can be read", name));
  if (addresses->size() > addresses_max)
    return no_domain(fmt::format("The {} field has more than {} address{}", name, addresses_max,
                                 addresses_max == 1 ? "" : "es"));
  std::string found;
  for (const std::string& address : *addresses) {
    const size_t at = address.rfind('@');
    auto domain = at == std::string::npos
                      ? failure(ErrorCode::invalid_input, "")
                      : domains::normal_name(std::string_view(address).substr(at + 1), "domain");
    if (!domain)
      return no_domain(fmt::format("The {} field has an address without a domain", name));
    if (!found.empty() && found != *domain)
      return no_domain(
          fmt::format("The {} field names two domains, {} and {}: only one can be signed for", name,
                      found, *domain));
    found = *std::move(domain);
  }
  return found;
}

}  // namespace

Result<std::string> author_domain(const message::HeaderBlock& header) {
  return domain_in(header, "From", authors_read_max);
}

Result<std::string> author_domain_of(std::string_view content) {
  return author_domain(message::scan_header_block(content));
}

Result<std::string> agent_domain_of(std::string_view content) {
  const message::HeaderBlock header = message::scan_header_block(content);
  if (!header.find("Sender")) return std::string();
  return domain_in(header, "Sender", 1);
}

}  // namespace waypost::intake
