#include "domains/needs.h"

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "domains/settings.h"
#include "mailauth/dkim_record.h"
#include "publish/inputs.h"

namespace waypost::domains {
namespace {

std::vector<std::string> senders_of(const SendingDomain& domain, const SendingRelay& relay) {
  std::vector<std::string> terms;
  std::string_view rest = domain.senders;
  while (!rest.empty()) {
    const std::string_view term = rest.substr(0, rest.find(' '));
    if (!term.empty()) terms.emplace_back(term);
    rest.remove_prefix(std::min(term.size() + 1, rest.size()));
  }
  if (!terms.empty()) return terms;
  for (const IpAddress& address : relay.addresses)
    if (!publish::is_internal(address)) terms.push_back(network_term(address));
  if (terms.empty()) terms.push_back("a:" + relay.hostname);
  return terms;
}

}  // namespace

Result<publish::Key> published_form(const DomainStore& store, const SendingDomain& domain,
                                    const DomainKey& key) {
  TRY(mailauth::PrivateKey loaded, store.load_key(domain, key));
  return publish::Key{key.selector, mailauth::dkim_record_text(loaded)};
}

Result<publish::Needs> needs_of(const DomainStore& store, const SendingDomain& domain,
                                const SendingRelay& relay) {
  publish::Needs needs;
  needs.domain = domain.domain;
  needs.spf_terms = senders_of(domain, relay);
  needs.policy = domain.policy.value_or(mailauth::DmarcPolicy::none);
  needs.reports = domain.reports.empty() ? "postmaster@" + domain.domain : domain.reports;
  needs.return_path = domain.return_path.value_or("");
  needs.return_path_host = base::to_lower(relay.hostname);
  for (const DomainKey& key : domain.keys) {
    if (key.state == KeyState::retired) continue;
    TRY(publish::Key form, published_form(store, domain, key));
    needs.keys.push_back(std::move(form));
  }
  return needs;
}

}  // namespace waypost::domains
