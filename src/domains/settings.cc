#include "domains/settings.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "domains/key_changes.h"
#include "publish/inputs.h"

namespace waypost::domains {
namespace {

constexpr mailauth::DmarcPolicy policies[] = {
    mailauth::DmarcPolicy::none, mailauth::DmarcPolicy::quarantine, mailauth::DmarcPolicy::reject};

Result<mailauth::DmarcPolicy> parse_policy(const std::string& text) {
  for (const mailauth::DmarcPolicy policy : policies)
    if (text == mailauth::name(policy)) return policy;
  return failure(ErrorCode::invalid_input,
                 fmt::format("the policy \"{}\" is neither none, quarantine nor reject",
                             base::escape_control(text)));
}

}  // namespace

Result<void> take_settings(const DomainSettings& settings, SendingDomain& domain) {
  if (!settings.senders.empty()) {
    domain.senders.clear();
    for (const std::string& sender : settings.senders) {
      TRY(std::string term, publish::sender_term(sender, domain.domain));
      if (!domain.senders.empty()) domain.senders += ' ';
      domain.senders += term;
    }
  }
  if (!settings.return_path.empty()) {
    TRY(domain.return_path, normal_name(settings.return_path, "return path"));
  }
  if (!settings.reports.empty()) {
    if (settings.reports.find('@') == std::string::npos ||
        settings.reports.find_first_of(" ,!") != std::string::npos)
      return failure(ErrorCode::invalid_input, "the mailbox for reports is one mail address");
    domain.reports = settings.reports;
  }
  if (!settings.policy.empty()) {
    TRY(domain.policy, parse_policy(settings.policy));
  }
  return check_domain(domain);
}

std::string network_term(const IpAddress& address) {
  return (address.is_v4() ? "ip4:" : "ip6:") + address.text();
}

Result<SendingDomain> load_or_begin(const DomainStore& store, const std::string& name) {
  TRY(std::string normal, normal_name(name, "domain"));
  auto loaded = store.load(normal);
  if (loaded || loaded.error().code() != ErrorCode::not_found) return loaded;
  TRY_VOID(publish::check_publishable(normal, selector_octets));
  // One more than can be read would keep the relay from reading any.
  TRY(const std::vector<std::string> names, store.list());
  if (names.size() >= domains_max)
    return failure(ErrorCode::resource_exhausted,
                   fmt::format("there are {} sending domains already, and no more can be kept: "
                               "remove some",
                               names.size()));
  SendingDomain begun;
  begun.domain = normal;
  return begun;
}

}  // namespace waypost::domains
