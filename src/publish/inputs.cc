#include "publish/inputs.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "dns/idn.h"
#include "dns/rdata.h"
#include "mailauth/dkim_record.h"
#include "mailauth/spf_record.h"

namespace waypost::publish {
namespace {

tl::unexpected<Error> no_sender(std::string_view text, std::string_view why) {
  return failure(ErrorCode::invalid_input,
                 fmt::format("\"{}\" is no sender: {}", base::escape_control(text), why));
}

std::string network_term(std::string_view network) {
  return (network.find(':') == network.npos ? "ip4:" : "ip6:") + std::string(network);
}

// As receivers will read it.
Result<std::string> checked(std::string_view text, std::string term) {
  if (term.find_first_of(" %") != term.npos)
    return no_sender(text, "a blank or a macro cannot be part of it");
  if (auto record = mailauth::parse_spf_record("v=spf1 " + term); !record)
    return no_sender(text, record.error().message());
  return term;
}

}  // namespace

Result<std::string> sender_term(std::string_view text, const std::string& domain) {
  std::string_view term = text;
  if (term.starts_with('+')) term.remove_prefix(1);
  if (auto address = IpAddress::parse(term)) return checked(text, network_term(address->text()));
  if (IpPrefix::parse(term)) return checked(text, network_term(term));
  if (!term.empty() && std::string_view("-~?").find(term.front()) != std::string_view::npos)
    return no_sender(text, "it must be who may send, not who may not");
  const std::string kind = base::to_lower(term.substr(0, term.find_first_of(":/=")));
  const std::string_view argument = term.substr(kind.size());
  if (kind == "all") return no_sender(text, "it would let the whole world send");
  if (kind == "ptr" || kind == "exists" || argument.starts_with('='))
    return no_sender(text,
                     "only addresses, hosts and the terms ip4:, ip6:, a:, mx: and include: are "
                     "taken");
  const bool takes_domain = kind == "a" || kind == "mx";
  // With the domain, so that it means the same at the name of a return path.
  if (takes_domain && !argument.starts_with(':'))
    return checked(text, fmt::format("{}:{}{}", kind, domain, argument));
  if (takes_domain || kind == "ip4" || kind == "ip6" || kind == "include")
    return checked(text, kind + std::string(argument));
  auto labels = dns::to_a_labels(term);
  auto host = labels ? dns::normalize_name(*labels) : std::move(labels);
  if (!host) return no_sender(text, "it is neither an address nor the name of a host");
  if (host->find('.') == host->npos)
    return no_sender(text, fmt::format("a host has its whole name, as {}.{}", *host, domain));
  return checked(text, "a:" + *host);
}

bool is_internal(const IpAddress& address) {
  for (const char* range : {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                            "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128"})
    if (IpPrefix::parse(range)->contains(address)) return true;
  return false;
}

bool is_internal_term(std::string_view term) {
  if (!term.starts_with("ip4:") && !term.starts_with("ip6:")) return false;
  term.remove_prefix(4);
  auto address = IpAddress::parse(term.substr(0, term.find('/')));
  return address && is_internal(*address);
}

Result<void> check_publishable(const std::string& domain, size_t selector_octets) {
  if (IpAddress::parse(domain) || domain.find('.') == domain.npos)
    return failure(ErrorCode::invalid_input,
                   fmt::format("\"{}\" is no domain that can publish records: it has its whole "
                               "name, as shop.example",
                               domain));
  if (!dns::normalize_name(mailauth::dkim_record_name(std::string(selector_octets, 'x'), domain)))
    return failure(ErrorCode::invalid_input,
                   fmt::format("the domain has {} octets, so that the names of its keys would be "
                               "longer than DNS allows",
                               domain.size()));
  return {};
}

}  // namespace waypost::publish
