#include "cli/domain_setup.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/ascii.h"
#include "cli/data_owner.h"
#include "cli/load_config.h"
#include "config/data_paths.h"
#include "mailauth/dkim_record.h"
#include "publish/inputs.h"

namespace waypost::cli {
namespace {

constexpr uint16_t update_port = 53;

std::string network_term(const IpAddress& address) {
  return (address.is_v4() ? "ip4:" : "ip6:") + address.text();
}

Result<UpdateTarget> read_target(const PublishArguments& arguments, io::Disk& disk) {
  if (arguments.server.empty() || arguments.tsig_file.empty())
    return failure(
        ErrorCode::invalid_input,
        "--publish rfc2136 needs --server ADDR, the primary of the zone, and --tsig-file "
        "FILE with the key that may change it");
  TRY(Endpoint server, Endpoint::parse(arguments.server, update_port));
  auto text = disk.read_private_file(arguments.tsig_file, publish::tsig_file_octets_max);
  if (!text) return failure(std::move(text).error().while_doing("reading the TSIG key"));
  auto key = publish::parse_tsig_key(*text);
  Secret::wipe(*text);
  if (!key) return failure(std::move(key).error().while_doing("reading " + arguments.tsig_file));
  return UpdateTarget{server, *std::move(key)};
}

}  // namespace

tl::expected<std::unique_ptr<DomainSetup>, int> DomainSetup::open(const Global& global,
                                                                  const PublishArguments& publish) {
  auto made = std::unique_ptr<DomainSetup>(new DomainSetup);
  auto config = load_config(global, false);
  if (!config) return tl::unexpected(config.error());
  made->config_ = *std::move(config);
  if (!publish.way.empty()) {
    auto target = read_target(publish, *made->disk_);
    if (!target) return tl::unexpected(report(target.error()));
    made->update_ = *std::move(target);
  } else if (!publish.server.empty() || !publish.tsig_file.empty()) {
    note("waypost: --server and --tsig-file belong to --publish rfc2136\n");
    return tl::unexpected(exit_code::usage);
  }
  // The relay, under its own user, has to read what is made here.
  if (auto became = act_as_owner_of(made->config_.data_dir); !became)
    return tl::unexpected(report(became.error()));
  made->store_ = std::make_unique<domains::DomainStore>(
      *made->disk_, config::DataPaths(made->config_.data_dir).signing_keys);
  return made;
}

std::vector<std::string> DomainSetup::senders_of(const domains::SendingDomain& domain) const {
  std::vector<std::string> terms;
  std::string_view rest = domain.senders;
  while (!rest.empty()) {
    const std::string_view term = rest.substr(0, rest.find(' '));
    if (!term.empty()) terms.emplace_back(term);
    rest.remove_prefix(std::min(term.size() + 1, rest.size()));
  }
  if (!terms.empty()) return terms;
  for (const config::SourceRule& source : config_.sources)
    for (const IpAddress& address : source.addresses)
      if (!publish::is_internal(address)) terms.push_back(network_term(address));
  if (terms.empty()) terms.push_back("a:" + config_.hostname);
  return terms;
}

Result<publish::Key> DomainSetup::published_form(const domains::SendingDomain& domain,
                                                 const domains::DomainKey& key) const {
  TRY(mailauth::PrivateKey loaded, store_->load_key(domain, key));
  return publish::Key{key.selector, mailauth::dkim_record_text(loaded)};
}

Result<publish::Needs> DomainSetup::needs_of(const domains::SendingDomain& domain) const {
  publish::Needs needs;
  needs.domain = domain.domain;
  needs.spf_terms = senders_of(domain);
  needs.policy = domain.policy.value_or(mailauth::DmarcPolicy::none);
  needs.reports = domain.reports.empty() ? "postmaster@" + domain.domain : domain.reports;
  needs.return_path = domain.return_path.value_or("");
  needs.return_path_host = base::to_lower(config_.hostname);
  for (const domains::DomainKey& key : domain.keys) {
    if (key.state == domains::KeyState::retired) continue;
    TRY(publish::Key form, published_form(domain, key));
    needs.keys.push_back(std::move(form));
  }
  return needs;
}

}  // namespace waypost::cli
